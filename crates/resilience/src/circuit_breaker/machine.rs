//! The breaker's rules without clock, lock or future, so that they can be tested as a table.

#[cfg(test)]
mod properties;
#[cfg(test)]
mod table;

use std::time::Duration;

use tokio::time::Instant;

use super::BreakerConfig;

/// The state of a circuit breaker. Exhaustive: a breaker has these three states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls are admitted.
    Closed {
        /// The number of outages since the last answer.
        outages: u32,
    },
    /// Calls are rejected.
    Open {
        /// The time until the next probe.
        next_probe_in: Duration,
    },
    /// One call, the probe, is admitted or in flight. Other calls are rejected.
    HalfOpen,
}

/// What a call showed about whether the store can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The store can be reached.
    Answered,
    /// The store cannot be reached.
    Outage,
    /// The call was dropped, or did not reach the store.
    Nothing,
}

/// Permission to make one call, tagged with the machine's generation. A new generation starts with
/// each change of the stage and with each probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallPermit {
    generation: u64,
}

/// Why a call is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The breaker stays open for this time.
    Cooling(Duration),
    /// Another call is the probe.
    Probing,
}

/// The state, before the passage of time is taken into account.
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

    /// Admits or rejects a call.
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

    /// Whether a probe may still block other calls. This is limited, because the probe may be a
    /// long operation, or, without a timeout, hang on a dead connection.
    fn is_awaited(&self, since: Instant, now: Instant) -> bool {
        !left(since, self.config.max_cool_down, now).is_zero()
    }

    /// Processes the verdict of a call. Each permit is reported once.
    pub(super) fn report(&mut self, permit: CallPermit, verdict: Verdict, now: Instant) {
        if permit.generation != self.generation {
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
            // Nothing was learned, or the breaker is open: then no permit is current.
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

    /// Starts a new generation, so that calls in flight no longer count.
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation = self.generation.wrapping_add(1);
    }
}

/// The remaining part of a cool-down.
fn left(since: Instant, cool_down: Duration, now: Instant) -> Duration {
    cool_down.saturating_sub(now.saturating_duration_since(since))
}
