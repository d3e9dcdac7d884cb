//! Invariants of the machine for any sequence of events.

use proptest::prelude::*;

use super::*;

const CONFIG: BreakerConfig = BreakerConfig {
    failure_threshold: 2,
    cool_down: Duration::from_millis(10),
    max_cool_down: Duration::from_millis(40),
};

#[derive(Debug, Clone)]
enum Action {
    Call,
    End(prop::sample::Index, Verdict),
    Wait(u64),
}

fn action() -> impl Strategy<Value = Action> {
    let verdict = prop::sample::select(vec![
        Verdict::Answered,
        Verdict::Outage,
        Verdict::Outage,
        Verdict::Nothing,
    ]);
    prop_oneof![
        3 => Just(Action::Call),
        3 => (any::<prop::sample::Index>(), verdict).prop_map(|(of, how)| Action::End(of, how)),
        1 => (0_u64..30).prop_map(Action::Wait),
    ]
}

/// A machine, its calls in flight, and what an observer of the calls knows about it.
struct Observed {
    machine: Machine,
    now: Instant,
    calls: Vec<CallPermit>,
    probe: Option<(CallPermit, Instant)>,
}

impl Observed {
    fn call(&mut self) {
        let before = self.machine.state(self.now);
        let Ok(permit) = self.machine.admit(self.now) else {
            assert!(
                !matches!(before, BreakerState::Closed { .. }),
                "closed, but rejects a call"
            );
            return;
        };
        assert!(
            !matches!(before, BreakerState::Open { .. }),
            "open, but admits a call"
        );
        if before == BreakerState::HalfOpen {
            let overdue = |(_, since)| self.now - since >= CONFIG.max_cool_down;
            assert!(self.probe.is_none_or(overdue), "two probes at once");
            self.probe = Some((permit, self.now));
        }
        self.calls.push(permit);
    }

    fn end(&mut self, permit: CallPermit, verdict: Verdict) {
        let before = self.machine.state(self.now);
        self.machine.report(permit, verdict, self.now);
        let after = self.machine.state(self.now);
        let is_probe = self.probe.is_some_and(|(probe, _)| probe == permit);
        if is_probe {
            self.probe = None;
            assert_eq!(
                verdict == Verdict::Answered,
                matches!(after, BreakerState::Closed { .. })
            );
        } else if !matches!(before, BreakerState::Closed { .. }) {
            assert_eq!(
                before, after,
                "only the probe changes a breaker that is not closed"
            );
        }
        if let BreakerState::Open { next_probe_in } = after {
            assert!(next_probe_in <= CONFIG.max_cool_down);
        }
    }

    /// In any state, it admits a call within its maximum cool-down.
    fn assert_that_it_recovers(&mut self) {
        self.now += CONFIG.max_cool_down;
        let probe = self.machine.admit(self.now).expect("a probe is admitted");
        self.machine.report(probe, Verdict::Answered, self.now);
        assert_eq!(
            self.machine.state(self.now),
            BreakerState::Closed { outages: 0 }
        );
    }
}

proptest! {
    #[test]
    fn at_most_one_probe_and_recovery_is_always_possible(
        actions in prop::collection::vec(action(), 0..200),
    ) {
        let mut observed = Observed {
            machine: Machine::new(CONFIG),
            now: Instant::now(),
            calls: Vec::new(),
            probe: None,
        };
        for action in actions {
            match action {
                Action::Call => observed.call(),
                Action::Wait(millis) => observed.now += Duration::from_millis(millis),
                Action::End(_, _) if observed.calls.is_empty() => {}
                Action::End(of, verdict) => {
                    let permit = observed.calls.swap_remove(of.index(observed.calls.len()));
                    observed.end(permit, verdict);
                }
            }
        }
        observed.assert_that_it_recovers();
    }
}
