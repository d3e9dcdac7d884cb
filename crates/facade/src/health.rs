//! How a store is, for probes and for people.

#[cfg(feature = "postgres")]
pub(crate) mod evaluate;

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

/// How a store is, with reasons. That of histories in memory is always [healthy](HealthState::Healthy).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Health {
    /// The verdict.
    pub state: HealthState,
    /// What keeps it from being healthy, one sentence each, the worst first.
    pub reasons: Vec<String>,
    /// What was found; `None` without a connection and in memory.
    #[cfg(feature = "postgres")]
    pub database: Option<DatabaseHealth>,
}

/// A verdict. A probe should fail at [`Unhealthy`](Self::Unhealthy) only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealthState {
    /// All is well.
    #[default]
    Healthy,
    /// Calls succeed, or soon will, but somebody should look at it.
    Degraded,
    /// Calls fail.
    Unhealthy,
}

/// What was found about a database.
#[cfg(feature = "postgres")]
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseHealth {
    /// What the server says of itself; `None` if it does not answer.
    pub server: Option<ServerHealth>,
    /// The connections.
    pub pool: PoolStatistics,
    /// The calls that share statements, kind by kind, and how many of them wait for tasks that other
    /// transactions keep locked; empty if that is switched off.
    pub sharing: Vec<BatchStatistics>,
    /// The hosts that stale reads may go to, if that is configured.
    pub standbys: Vec<StandbyState>,
    /// The circuit breaker; `None` if it is switched off.
    pub breaker: Option<BreakerState>,
}

impl HealthState {
    /// As it is written: `healthy`, `degraded` or `unhealthy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
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
