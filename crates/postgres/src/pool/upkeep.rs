//! What a pool does on its own, every second.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, MissedTickBehavior};

use super::Shared;
use super::demand::Demand;
use super::manager::Manager;
use super::statistics::CloseReason;

const TICK: Duration = Duration::from_secs(1);

/// The longest pause between attempts to open connections that fail.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Drops connections that have ended, gives back those that the pool can do without, opens those that
/// are missing from the minimum, and reports leaks, until the pool is closed or gone.
pub(super) async fn run(pool: Weak<Shared>, mut demand: Demand) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut refill = Refill::default();
    loop {
        ticks.tick().await;
        let Some(shared) = pool.upgrade() else { return };
        let Some(connections) = shared.connections() else {
            return;
        };
        report_leaks(&shared);
        let keep = demand.note(shared.leases.take_peak(), Instant::now());
        drop_ended(&connections);
        give_back(&connections, keep);
        refill.up_to_minimum(&shared, &connections).await;
    }
}

fn report_leaks(shared: &Shared) {
    let threshold = shared.connector.config().leak_threshold;
    if threshold.is_zero() {
        return;
    }
    for held in shared.leases.overdue(threshold) {
        tracing::warn!(
            operation = held.operation,
            held_for = ?held.held_for,
            "a call has had its connection for longer than the threshold of {threshold:?}"
        );
    }
}

/// Lets bb8 look at each idle connection, as it does before it lends one: it drops those that the server
/// has ended and those that are too old.
fn drop_ended(connections: &bb8::Pool<Manager>) {
    let mut looked_at = Vec::new();
    for _ in 0..connections.state().idle_connections {
        if connections.state().idle_connections > 0 {
            looked_at.push(connections.get().now_or_never());
        }
    }
}

/// Closes idle connections until `keep` are left, or none is idle.
fn give_back(connections: &bb8::Pool<Manager>, keep: u32) {
    let state = connections.state();
    let surplus = state.connections.saturating_sub(keep);
    for _ in 0..surplus.min(state.idle_connections) {
        // An idle one is there at once; without one there is nothing to give back.
        if let Some(Ok(mut idle)) = connections.get().now_or_never() {
            idle.end(CloseReason::Idle);
        }
    }
}

/// Opens connections up to the minimum, less and less often while that fails.
#[derive(Debug, Default)]
struct Refill {
    not_before: Option<Instant>,
    pause: Duration,
}

impl Refill {
    async fn up_to_minimum(&mut self, shared: &Arc<Shared>, connections: &bb8::Pool<Manager>) {
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let minimum = shared.connector.config().min_connections;
        while connections.state().connections < minimum && shared.lifecycle.is_open() {
            let opened = connections.dedicated_connection().await;
            let Ok(connection) = opened else {
                self.pause = (self.pause * 2).clamp(TICK, LONGEST_PAUSE);
                self.not_before = Some(Instant::now() + self.pause);
                return;
            };
            // Full or broken in the meantime: the next tick sees what is missing then.
            if connections.add(connection).is_err() {
                return;
            }
        }
        *self = Self::default();
    }
}
