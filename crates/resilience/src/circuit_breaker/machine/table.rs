//! What the machine does, step by step.

use super::Verdict::{Answered, Nothing, Outage};
use super::*;

const THREE: BreakerConfig = BreakerConfig {
    failure_threshold: 3,
    cool_down: Duration::from_secs(1),
    max_cool_down: Duration::from_secs(3),
};

/// What happens to the machine, and how it must answer or stand afterwards.
#[derive(Clone, Copy)]
enum Step {
    /// A call is admitted; the leave is kept under its number.
    Admitted(usize),
    /// A call is refused for a reason.
    IsRefused(Refused),
    /// The call of that number ends.
    Ends(usize, Verdict),
    /// So many milliseconds go by.
    Passes(u64),
    /// The machine stands so.
    Is(BreakerState),
}
use Step::{Admitted, Ends, Is, IsRefused, Passes};

fn closed(outages: u32) -> Step {
    Is(BreakerState::Closed { outages })
}

fn open(millis: u64) -> Step {
    let next_probe_in = Duration::from_millis(millis);
    Is(BreakerState::Open { next_probe_in })
}

fn cooling(millis: u64) -> Step {
    IsRefused(Refused::Cooling(Duration::from_millis(millis)))
}

const PROBING: Step = IsRefused(Refused::Probing);

const HALF_OPEN: Step = Is(BreakerState::HalfOpen);

/// A call that is an outage.
const FAILS: [Step; 2] = [Admitted(0), Ends(0, Outage)];

/// As many outages as open it.
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
    let mut leaves = std::collections::HashMap::new();
    for (number, step) in acts.concat().into_iter().enumerate() {
        match step {
            Admitted(call) => {
                let leave = machine.admit(now).expect("a call is admitted");
                leaves.insert(call, leave);
            }
            IsRefused(why) => assert_eq!(machine.admit(now), Err(why), "step {number}"),
            Ends(call, verdict) => machine.report(leaves[&call], verdict, now),
            Passes(millis) => now += Duration::from_millis(millis),
            Is(state) => assert_eq!(machine.state(now), state, "step {number}"),
        }
    }
}

#[test]
fn consecutive_outages_open_it() {
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
fn an_answer_between_outages_begins_the_count_anew() {
    let answered = [Admitted(1), Ends(1, Answered), closed(0)];
    play(&[&FAILS, &FAILS, &answered, &FAILS, &FAILS, &[closed(2)]]);
}

#[test]
fn a_dropped_call_neither_counts_nor_resets() {
    play(&[&FAILS, &[Admitted(1), Ends(1, Nothing), closed(1)]]);
}

#[test]
fn after_the_cool_down_it_admits_one_probe() {
    let cooled = [Passes(999), cooling(1), Passes(1), HALF_OPEN];
    play(&[&OPENS, &cooled, &[Admitted(1), HALF_OPEN, PROBING]]);
}

#[test]
fn an_answered_probe_closes_it() {
    let probe = [Passes(1000), Admitted(1), Ends(1, Answered), closed(0)];
    play(&[&OPENS, &probe, &[Admitted(2), Admitted(3)]]);
}

#[test]
fn a_failed_probe_doubles_the_cool_down_up_to_the_maximum() {
    let first = [Passes(1000), Admitted(1), Ends(1, Outage), open(2000)];
    let second = [Passes(2000), Admitted(1), Ends(1, Outage), open(3000)];
    let third = [Passes(3000), Admitted(1), Ends(1, Outage), open(3000)];
    play(&[&OPENS, &first, &second, &third]);
}

#[test]
fn after_a_recovery_the_cool_down_is_short_again() {
    let failed = [Passes(1000), Admitted(1), Ends(1, Outage), open(2000)];
    let recovered = [Passes(2000), Admitted(1), Ends(1, Answered)];
    play(&[&OPENS, &failed, &recovered, &OPENS, &[open(1000)]]);
}

#[test]
fn a_dropped_probe_gives_its_place_back() {
    let dropped = [Passes(1000), Admitted(1), Ends(1, Nothing), HALF_OPEN];
    let next = [Admitted(2), PROBING, Ends(2, Outage), open(2000)];
    play(&[&OPENS, &dropped, &next]);
}

#[test]
fn a_probe_without_end_loses_its_place() {
    let hanging = [Passes(1000), Admitted(1), Passes(2999), PROBING];
    let next = [Passes(1), Admitted(2), PROBING];
    let late = [Ends(1, Outage), HALF_OPEN, Ends(2, Answered), closed(0)];
    play(&[&OPENS, &hanging, &next, &late]);
}

#[test]
fn calls_from_before_a_change_no_longer_count() {
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
