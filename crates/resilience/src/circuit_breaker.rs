mod admission;
mod config;
mod machine;
mod open;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};
use tokio::time::Instant;
use tracing::{info, warn};

use self::admission::Admission;
pub use self::config::BreakerConfig;
pub use self::machine::BreakerState;
use self::machine::{Machine, Stage};
pub use self::open::BreakerOpen;
use self::open::LastOutage;
use crate::Policy;
use crate::telemetry::{self, millis};

/// Fails at once while the store is down, and finds out when it is back.
///
/// It opens after a number of consecutive [outages](RepositoryError::is_outage): errors of the kind
/// [`Unavailable`](ErrorKind::Unavailable), and those of the kind [`TimedOut`](ErrorKind::TimedOut) that leave
/// the effect unknown. Any other answer of the store, also a refusal or its own time limit, shows that it
/// can be reached, and the count begins again. An open
/// breaker refuses all calls; after a cool-down it is half-open and admits exactly one, the probe.
/// If that is answered the breaker closes; if it is another outage, the breaker opens again for
/// twice as long. A probe that is dropped gives its place to the next call, and so does one that
/// has not ended after [`max_cool_down`](BreakerConfig::max_cool_down).
///
/// Calls that began before the breaker last changed say nothing about the store as it is now, and do
/// not count when they end.
///
/// There should be one breaker for each store, whatever ports it serves: clones share their state.
/// Opening is logged at level warn, closing at level info, and the state is a
/// [metric](telemetry::BREAKER_STATE).
///
/// # Errors
///
/// [`Unavailable`](ErrorKind::Unavailable) without effect, with [`BreakerOpen`] as its source, if
/// the breaker refuses the call. Further down the chain stands what the last outage was.
///
/// # Cancel safety
///
/// As safe as the port. A dropped call counts neither as an outage nor as an answer, so callers that
/// give up before a [`Timeout`](crate::Timeout) further in does keep outages from being seen.
#[derive(Clone)]
pub struct CircuitBreaker {
    // A std mutex: it is held for a moment and never across an await.
    shared: Arc<Mutex<Shared>>,
}

/// What clones have in common.
struct Shared {
    machine: Machine,
    last_outage: Option<LastOutage>,
}

impl CircuitBreaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(config: &BreakerConfig) -> Self {
        telemetry::breaker_is(Stage::Closed.number());
        Self {
            shared: Arc::new(Mutex::new(Shared {
                machine: Machine::new(*config),
                last_outage: None,
            })),
        }
    }

    /// How the breaker stands, for health checks.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.step(|shared, now| shared.machine.state(now))
    }

    /// Sets the [metric](telemetry::BREAKER_STATE) once more: for a recorder that was installed after the
    /// breaker last changed.
    pub fn publish(&self) {
        // Under the lock, or an older state could come after a newer one.
        self.step(|shared, _now| telemetry::breaker_is(shared.machine.stage().number()));
    }

    fn admit(&self, operation: Operation) -> Result<Admission<'_>> {
        let admitted = self.step(|shared, now| {
            let leave = shared.machine.admit(now);
            leave.map_err(|refused| BreakerOpen::new(refused, shared.last_outage.clone()))
        });
        match admitted {
            Ok(leave) => Ok(Admission::new(self, leave)),
            Err(open) => {
                let error =
                    RepositoryError::new(operation, ErrorKind::Unavailable, Effect::NotApplied);
                Err(error.with_source(open))
            }
        }
    }

    /// Does one thing under the lock, and tells if that changed the machine's stage.
    fn step<T>(&self, act: impl FnOnce(&mut Shared, Instant) -> T) -> T {
        // Whoever panicked while it was held had called a recorder of metrics: the state is whole.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let before = shared.machine.stage();
        let answer = act(&mut shared, now);
        let after = shared.machine.stage();
        if after != before {
            // Set under the lock, or two changes in a row could leave the older one in the gauge.
            telemetry::breaker_is(after.number());
            let (state, last_outage) = (shared.machine.state(now), shared.last_outage.clone());
            drop(shared);
            log(state, last_outage.as_ref());
        }
        answer
    }
}

impl Policy for CircuitBreaker {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        let admission = self.admit(operation)?;
        let result = attempt().await;
        admission.end(result.as_ref().err());
        result
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CircuitBreaker")
            .field(&self.state())
            .finish()
    }
}

fn log(state: BreakerState, last_outage: Option<&LastOutage>) {
    match state {
        BreakerState::Closed { .. } => info!("circuit breaker closed: the store answers again"),
        BreakerState::HalfOpen => info!("circuit breaker half-open: probing the store"),
        BreakerState::Open { next_probe_in } => {
            let cool_down_ms = millis(next_probe_in);
            let last_outage = last_outage.map(LastOutage::text);
            warn!(cool_down_ms, last_outage, "circuit breaker opened");
        }
    }
}
