//! Tests of the machine as sequences of steps.

use super::Verdict::{Answered, Nothing, Outage};
use super::*;

const THREE: BreakerConfig = BreakerConfig {
    failure_threshold: 3,
    cool_down: Duration::from_secs(1),
    max_cool_down: Duration::from_secs(3),
};

/// An event, or an assertion on the machine.
#[derive(Clone, Copy)]
enum Step {
    /// A call is admitted, and its permit is stored under this number.
    Admitted(usize),
    /// A call is rejected for this reason.
    IsRejected(Refused),
    /// The call with this number ends.
    Ends(usize, Verdict),
    /// Time passes, in milliseconds.
    Passes(u64),
    /// The machine is in this state.
    Is(BreakerState),
}
use Step::{Admitted, Ends, Is, IsRejected, Passes};

fn closed(outages: u32) -> Step {
    Is(BreakerState::Closed { outages })
}

fn open(millis: u64) -> Step {
    let next_probe_in = Duration::from_millis(millis);
    Is(BreakerState::Open { next_probe_in })
}

fn cooling(millis: u64) -> Step {
    IsRejected(Refused::Cooling(Duration::from_millis(millis)))
}

const PROBING: Step = IsRejected(Refused::Probing);

const HALF_OPEN: Step = Is(BreakerState::HalfOpen);

/// A call that is an outage.
const FAILS: [Step; 2] = [Admitted(0), Ends(0, Outage)];

/// The number of outages that opens the breaker.
const OPENS: [Step; 6] = [
    Admitted(0),
    Ends(0, Outage),
    Admitted(0),
    Ends(0, Outage),
    Admitted(0),
    Ends(0, Outage),
];

fn play(acts: &[&[Step]]) {
    let mut machine = Machine::new(THREE);
    let mut now = Instant::now();
    let mut permits = std::collections::HashMap::new();
    for (number, step) in acts.concat().into_iter().enumerate() {
        match step {
            Admitted(call) => {
                let permit = machine.admit(now).expect("a call is admitted");
                permits.insert(call, permit);
            }
            IsRejected(why) => assert_eq!(machine.admit(now), Err(why), "step {number}"),
            Ends(call, verdict) => machine.report(permits[&call], verdict, now),
            Passes(millis) => now += Duration::from_millis(millis),
            Is(state) => assert_eq!(machine.state(now), state, "step {number}"),
        }
    }
}

#[test]
fn consecutive_outages_open_the_breaker() {
    play(&[
        &FAILS,
        &[closed(1)],
        &FAILS,
        &[closed(2)],
        &FAILS,
        &[open(1000), cooling(1000)],
    ]);
}

#[test]
fn answer_resets_the_outage_count() {
    let answered = [Admitted(1), Ends(1, Answered), closed(0)];
    play(&[&FAILS, &FAILS, &answered, &FAILS, &FAILS, &[closed(2)]]);
}

#[test]
fn dropped_call_neither_counts_nor_resets() {
    play(&[&FAILS, &[Admitted(1), Ends(1, Nothing), closed(1)]]);
}

#[test]
fn one_probe_is_admitted_after_the_cool_down() {
    let cooled = [Passes(999), cooling(1), Passes(1), HALF_OPEN];
    play(&[&OPENS, &cooled, &[Admitted(1), HALF_OPEN, PROBING]]);
}

#[test]
fn answered_probe_closes_the_breaker() {
    let probe = [Passes(1000), Admitted(1), Ends(1, Answered), closed(0)];
    play(&[&OPENS, &probe, &[Admitted(2), Admitted(3)]]);
}

#[test]
fn failed_probe_doubles_the_cool_down_up_to_the_maximum() {
    let first = [Passes(1000), Admitted(1), Ends(1, Outage), open(2000)];
    let second = [Passes(2000), Admitted(1), Ends(1, Outage), open(3000)];
    let third = [Passes(3000), Admitted(1), Ends(1, Outage), open(3000)];
    play(&[&OPENS, &first, &second, &third]);
}

#[test]
fn recovery_resets_the_cool_down() {
    let failed = [Passes(1000), Admitted(1), Ends(1, Outage), open(2000)];
    let recovered = [Passes(2000), Admitted(1), Ends(1, Answered)];
    play(&[&OPENS, &failed, &recovered, &OPENS, &[open(1000)]]);
}

#[test]
fn dropped_probe_lets_the_next_call_probe() {
    let dropped = [Passes(1000), Admitted(1), Ends(1, Nothing), HALF_OPEN];
    let next = [Admitted(2), PROBING, Ends(2, Outage), open(2000)];
    play(&[&OPENS, &dropped, &next]);
}

#[test]
fn overdue_probe_is_replaced_by_the_next_call() {
    let hanging = [Passes(1000), Admitted(1), Passes(2999), PROBING];
    let next = [Passes(1), Admitted(2), PROBING];
    let late = [Ends(1, Outage), HALF_OPEN, Ends(2, Answered), closed(0)];
    play(&[&OPENS, &hanging, &next, &late]);
}

#[test]
fn calls_started_before_a_state_change_do_not_count() {
    let early = [Admitted(1), Admitted(2), Admitted(3)];
    let ignored = [Ends(1, Answered), open(1000), Ends(2, Outage), open(1000)];
    let recovered = [Passes(1000), Admitted(4), Ends(4, Answered)];
    play(&[
        &early,
        &OPENS,
        &ignored,
        &recovered,
        &[Ends(3, Outage), closed(0)],
    ]);
}
