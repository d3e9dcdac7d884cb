//! Derives the reasons for not being healthy from the facts.

use tasktrail_postgres::{
    BatchStatistics, EntryOrder, MigrateError, PoolStatistics, SchemaState, ServerHealth,
    ServerRole, StandbyState,
};
use tasktrail_resilience::BreakerState;

use super::HealthState::{Degraded, Unhealthy};
use super::{DatabaseHealth, HealthState};

pub(super) type Finding = (HealthState, String);

/// Why a database is not healthy. `failure` is the reason if the server did not respond.
pub(super) fn findings(found: &DatabaseHealth, failure: Option<String>) -> Vec<Finding> {
    let unresponsive = failure.map(|reason| (Unhealthy, reason));
    let server = found.server.iter().flat_map(server);
    let breaker = found.breaker.and_then(breaker);
    unresponsive
        .into_iter()
        .chain(server)
        .chain(breaker)
        .chain(pool(&found.pool))
        .chain(found.sharing.iter().filter_map(locked_tasks))
        .chain(standbys(&found.standbys))
        .collect()
}

fn server(server: &ServerHealth) -> Vec<Finding> {
    let standby = server.role == ServerRole::Standby;
    let read_only = match (standby, server.writable) {
        (true, _) => Some("the server is a standby and accepts no writes"),
        (false, false) => Some("the server is read-only"),
        (false, true) => None,
    };
    let read_only = read_only.map(|reason| (Unhealthy, reason.to_owned()));
    let forbidden = (!server.permitted).then(|| {
        let reason = "this role lacks a privilege on the tables of the history";
        (Unhealthy, reason.to_owned())
    });
    read_only
        .into_iter()
        .chain(forbidden)
        .chain(location(server))
        .chain(server.order.and_then(order))
        .collect()
}

/// If `connect` refuses the database, pending migrations do not matter: they are refused as well.
fn location(server: &ServerHealth) -> Option<Finding> {
    match &server.refusal {
        Some(refusal) => Some((Unhealthy, refusal.clone())),
        None => schema(&server.schema, &server.schema_name),
    }
}

/// Reports the same error as `connect`.
fn order(order: EntryOrder) -> Option<Finding> {
    let greatest = order.greatest.filter(|_| order.is_behind())?;
    let refusal = MigrateError::OutOfOrder {
        next: order.next,
        greatest,
    };
    Some((Unhealthy, refusal.to_string()))
}

fn schema(schema: &SchemaState, name: &str) -> Option<Finding> {
    if schema.applied.is_empty() {
        let reason = format!(
            "no store exists in the schema {name}: run `tasktrail migrate`, or set `schema` (TASKTRAIL_SCHEMA) \
             to the schema of the store"
        );
        return Some((Unhealthy, reason));
    }
    if !schema.pending.is_empty() {
        let pending = schema.pending.join(", ");
        let reason = format!("the schema is older than this program: {pending} is pending");
        return Some((Unhealthy, reason));
    }
    (!schema.unknown.is_empty()).then(|| {
        let unknown = schema.unknown.join(", ");
        let reason =
            format!("the schema is newer than this program, which does not know {unknown}");
        (Degraded, reason)
    })
}

pub(crate) fn breaker(state: BreakerState) -> Option<Finding> {
    match state {
        BreakerState::Open { next_probe_in } => Some((
            Degraded,
            format!("the circuit breaker rejects calls for another {next_probe_in:?}"),
        )),
        BreakerState::HalfOpen => Some((
            Degraded,
            "the circuit breaker rejects all calls except one probe".to_owned(),
        )),
        BreakerState::Closed { .. } => None,
    }
}

fn pool(pool: &PoolStatistics) -> Vec<Finding> {
    let full = (pool.waiting > 0).then(|| {
        let (used, waiting) = (pool.in_use, pool.waiting);
        let reason = format!("all {used} connections are in use and {waiting} calls wait for one");
        (Degraded, reason)
    });
    full.into_iter().collect()
}

/// The lock of a task is held by a caller's own transaction, or by a session that was left open.
fn locked_tasks(calls: &BatchStatistics) -> Option<Finding> {
    (calls.waiting_aside > 0).then(|| {
        let reason = format!(
            "other transactions keep {} tasks locked and {} saves wait for them",
            calls.tasks_aside, calls.waiting_aside
        );
        (Degraded, reason)
    })
}

fn standbys(standbys: &[StandbyState]) -> Option<Finding> {
    let none = !standbys.is_empty() && standbys.iter().all(|standby| !standby.fresh);
    none.then(|| {
        let reason = "no standby is fresh enough: the primary answers stale reads as well";
        (Degraded, reason.to_owned())
    })
}
