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

/// Fails calls immediately while the store is down, and probes it to detect when it is back.
///
/// The breaker opens after a number of consecutive [outages](RepositoryError::is_outage): errors of
/// the kind [`Unavailable`](ErrorKind::Unavailable), and errors of the kind
/// [`TimedOut`](ErrorKind::TimedOut) with an unknown effect. Any other answer of the store
/// shows that it can be reached and resets the count. This includes a refusal and the store's own
/// timeout.
///
/// An open breaker rejects all calls. After a cool-down it is half-open and admits exactly one
/// call, the probe. If the probe is answered, the breaker closes. If it is another outage, the
/// breaker opens again, for twice as long. If the probe is dropped, or has not finished after
/// [`max_cool_down`](BreakerConfig::max_cool_down), the next call becomes the probe.
///
/// Calls that started before the last state change do not count when they finish: they say nothing
/// about the current state of the store.
///
/// Use one breaker per store, for all its ports: clones share their state. Opening is logged at
/// level warn, half-open and closing at level info, and the state is a
/// [metric](telemetry::BREAKER_STATE).
///
/// # Errors
///
/// [`Unavailable`](ErrorKind::Unavailable), not applied, with [`BreakerOpen`] as its source, if the
/// breaker rejects the call. The source chain includes the last outage.
///
/// # Cancel safety
///
/// As safe as the port. A dropped call counts neither as an outage nor as an answer. So if callers
/// drop calls before an inner [`Timeout`](crate::Timeout) expires, outages are not detected.
#[derive(Clone)]
pub struct CircuitBreaker {
    // A std mutex: it is held briefly and never across an await.
    shared: Arc<Mutex<Shared>>,
}

/// The state that clones share.
struct Shared {
    machine: Machine,
    last_outage: Option<LastOutage>,
}

impl CircuitBreaker {
    /// Creates a closed breaker.
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

    /// The current state, for health checks.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.step(|shared, now| shared.machine.state(now))
    }

    /// Sets the [metric](telemetry::BREAKER_STATE) again, for a recorder that was installed after
    /// the last state change.
    pub fn publish(&self) {
        // Under the lock, so that an older state cannot overwrite a newer one.
        self.step(|shared, _now| telemetry::breaker_is(shared.machine.stage().number()));
    }

    fn admit(&self, operation: Operation) -> Result<Admission<'_>> {
        let admitted = self.step(|shared, now| {
            let permit = shared.machine.admit(now);
            permit.map_err(|refused| BreakerOpen::new(refused, shared.last_outage.clone()))
        });
        match admitted {
            Ok(permit) => Ok(Admission::new(self, permit)),
            Err(open) => {
                let error =
                    RepositoryError::new(operation, ErrorKind::Unavailable, Effect::NotApplied);
                Err(error.with_source(open))
            }
        }
    }

    /// Runs `act` under the lock, and publishes and logs a change of the stage.
    fn step<T>(&self, act: impl FnOnce(&mut Shared, Instant) -> T) -> T {
        // Only a metrics recorder can panic while the lock is held, so the state is consistent.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let before = shared.machine.stage();
        let answer = act(&mut shared, now);
        let after = shared.machine.stage();
        if after != before {
            // Set under the lock: otherwise, after two quick changes, the gauge could keep the
            // older state.
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
