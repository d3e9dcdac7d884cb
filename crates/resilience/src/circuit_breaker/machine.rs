//! The breaker's rules without clock, lock or future, so that they can be tested as a table.

#[cfg(test)]
mod properties;
#[cfg(test)]
mod table;

use std::time::Duration;

use tokio::time::Instant;

use super::BreakerConfig;

/// How a circuit breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed {
        /// How many of the last calls were outages, without an answer since.
        outages: u32,
    },
    /// Calls are refused.
    Open {
        /// How long they still are.
        next_probe_in: Duration,
    },
    /// One call is admitted, or under way, to probe the store; the others are refused.
    HalfOpen,
}

/// What a call told about the way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can be reached.
    Answered,
    /// It cannot.
    Outage,
    /// The call was dropped, or did not get as far as the store.
    Nothing,
}

/// Leave to make one call, given in one era: the machine begins another with each change of its
/// stage, and with each probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallPermit {
    generation: u64,
}

/// Why a call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The breaker is open for so long.
    Cooling(Duration),
    /// Another call is the probe.
    Probing,
}

/// The state, without what passing time makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Closed,
    Open,
    HalfOpen,
}

impl Stage {
    /// The value of the gauge.
    pub(super) fn number(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::Open => 1.0,
            Self::HalfOpen => 2.0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Machine {
    config: BreakerConfig,
    phase: Phase,
    generation: u64,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed {
        outages: u32,
    },
    Open {
        since: Instant,
        cool_down: Duration,
    },
    HalfOpen {
        probe: Option<Instant>,
        cool_down: Duration,
    },
}

impl Machine {
    pub(super) fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            phase: Phase::Closed { outages: 0 },
            generation: 0,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.phase {
            Phase::Closed { .. } => Stage::Closed,
            Phase::Open { .. } => Stage::Open,
            Phase::HalfOpen { .. } => Stage::HalfOpen,
        }
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self.phase {
            Phase::Closed { outages } => BreakerState::Closed { outages },
            Phase::Open { since, cool_down } => match left(since, cool_down, now) {
                Duration::ZERO => BreakerState::HalfOpen,
                next_probe_in => BreakerState::Open { next_probe_in },
            },
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Gives leave to make a call, or refuses it.
    pub(super) fn admit(&mut self, now: Instant) -> Result<CallPermit, Refused> {
        match self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { since, cool_down } => match left(since, cool_down, now) {
                Duration::ZERO => self.half_open(Some(now), cool_down),
                left => return Err(Refused::Cooling(left)),
            },
            Phase::HalfOpen { probe, cool_down } => {
                if probe.is_some_and(|since| self.is_awaited(since, now)) {
                    return Err(Refused::Probing);
                }
                self.half_open(Some(now), cool_down);
            }
        }
        Ok(CallPermit {
            generation: self.generation,
        })
    }

    /// Whether a probe may still keep the others waiting. Not for ever: it may be a long operation
    /// that the store is busy with, or, without a time limit, hang on a dead connection.
    fn is_awaited(&self, since: Instant, now: Instant) -> bool {
        !left(since, self.config.max_cool_down, now).is_zero()
    }

    /// Takes in what came of a call. Every leave is reported once.
    pub(super) fn report(&mut self, leave: CallPermit, verdict: Verdict, now: Instant) {
        if leave.generation != self.generation {
            return;
        }
        match (self.phase, verdict) {
            (Phase::Closed { .. }, Verdict::Answered) => {
                self.phase = Phase::Closed { outages: 0 };
            }
            (Phase::Closed { outages }, Verdict::Outage) => {
                let outages = outages.saturating_add(1);
                self.phase = Phase::Closed { outages };
                if outages >= self.config.failure_threshold {
                    self.open(now, self.config.cool_down);
                }
            }
            (Phase::HalfOpen { .. }, Verdict::Answered) => {
                self.enter(Phase::Closed { outages: 0 });
            }
            (Phase::HalfOpen { cool_down, .. }, Verdict::Outage) => {
                self.open(now, cool_down.saturating_mul(2));
            }
            (Phase::HalfOpen { cool_down, .. }, Verdict::Nothing) => {
                self.half_open(None, cool_down);
            }
            // Nothing was learned; or the breaker is open, which gives leave to nobody.
            (Phase::Closed { .. }, Verdict::Nothing) | (Phase::Open { .. }, _) => {}
        }
    }

    fn open(&mut self, since: Instant, cool_down: Duration) {
        let cool_down = cool_down.min(self.config.max_cool_down);
        self.enter(Phase::Open { since, cool_down });
    }

    fn half_open(&mut self, probe: Option<Instant>, cool_down: Duration) {
        self.enter(Phase::HalfOpen { probe, cool_down });
    }

    /// Begins another era: calls that are under way no longer count.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation = self.generation.wrapping_add(1);
    }
}

/// How much of a cool-down is left.
fn left(since: Instant, cool_down: Duration, now: Instant) -> Duration {
    cool_down.saturating_sub(now.saturating_duration_since(since))
}
