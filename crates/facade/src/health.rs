//! The health of a store, with reasons.

#[cfg(feature = "postgres")]
pub(crate) mod evaluate;
mod form;

use std::fmt;
#[cfg(feature = "postgres")]
use std::time::Duration;

use tasktrail_domain::repository::ErrorChain;
#[cfg(feature = "postgres")]
use tasktrail_postgres::{BatchStatistics, PoolStatistics, ServerHealth, StandbyState};
#[cfg(feature = "postgres")]
use tasktrail_resilience::{BreakerState, CircuitBreaker};

use crate::DatabaseError;
#[cfg(feature = "postgres")]
use crate::store::Database;

/// The health of a store, with reasons. A connected store in memory is always
/// [healthy](HealthState::Healthy).
///
/// As JSON, for the answer of a probe: `{"state", "reasons", "server", "schema", "standbys"}`, the
/// output of `tasktrail health --format json`.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Health {
    /// The overall state: that of the most severe reason.
    pub state: HealthState,
    /// Why the store is not healthy, one reason each, most severe first; empty if it is healthy.
    pub reasons: Vec<String>,
    /// The facts behind the state; `None` if the manager is not connected, and in memory.
    #[cfg(feature = "postgres")]
    pub database: Option<DatabaseHealth>,
}

/// Whether calls succeed. Let a readiness probe fail only for [`Unhealthy`](Self::Unhealthy).
///
/// Exhaustive, so that your probe decides about each state; further detail is in the reasons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthState {
    /// No problem was found.
    #[default]
    Healthy,
    /// Calls succeed, or will soon, but an operator should investigate.
    Degraded,
    /// Calls fail.
    Unhealthy,
}

/// The facts that the health of a database is based on.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseHealth {
    /// The state of the server; `None` if it does not respond.
    pub server: Option<ServerHealth>,
    /// The connection pool.
    pub pool: PoolStatistics,
    /// The batches of each operation, and how many calls wait for tasks that other transactions
    /// keep locked; empty if batching is off.
    pub sharing: Vec<BatchStatistics>,
    /// The standbys for stale reads; empty if none are configured.
    pub standbys: Vec<StandbyState>,
    /// The circuit breaker; `None` if it is off.
    pub breaker: Option<BreakerState>,
}

impl HealthState {
    /// The value of the metric: 0, 1 or 2, the greater the worse.
    #[cfg(feature = "postgres")]
    pub(crate) const fn level(self) -> f64 {
        match self {
            Self::Healthy => 0.0,
            Self::Degraded => 1.0,
            Self::Unhealthy => 2.0,
        }
    }

    /// Returns the status code of an HTTP response for a readiness probe: 503 if the state is
    /// unhealthy, otherwise 200.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Healthy | Self::Degraded => 200,
            Self::Unhealthy => 503,
        }
    }

    /// Returns `healthy`, `degraded` or `unhealthy`, which is also what it prints as.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Health {
    pub(crate) fn without_connection(error: &DatabaseError) -> Self {
        Self {
            state: HealthState::Unhealthy,
            reasons: vec![ErrorChain(error).to_string()],
            ..Self::default()
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn of(database: &Database, limit: Duration) -> Self {
        let server = database.postgres.health(limit).await;
        let (server, failure) = match server {
            Ok(server) => (Some(server), None),
            Err(error) => (None, Some(ErrorChain(&error).to_string())),
        };
        let found = DatabaseHealth {
            server,
            pool: database.postgres.pool_statistics(),
            sharing: database.postgres.batch_statistics(),
            standbys: database.postgres.standbys(),
            breaker: database.policy.breaker().map(CircuitBreaker::state),
        };
        let mut findings = evaluate::findings(&found, failure);
        findings.sort_by(|(one, _), (other, _)| other.cmp(one));
        Self {
            state: findings
                .first()
                .map_or(HealthState::Healthy, |worst| worst.0),
            reasons: findings.into_iter().map(|(_, reason)| reason).collect(),
            database: Some(found),
        }
    }
}
