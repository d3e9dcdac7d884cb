//! What a pool does on its own, every second.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::demand::Demand;
use super::manager::Manager;
use super::statistics::CloseReason;
use super::{Shared, one_idle};

const TICK: Duration = Duration::from_secs(1);

/// Drops connections that have ended, gives back those that the pool can do without, and reports leaks,
/// until the pool is closed or gone.
pub(super) async fn run(pool: Weak<Shared>, mut demand: Demand) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(shared) = pool.upgrade() else { return };
        report_leaks(&shared);
        let Some(connections) = shared.connections() else {
            return;
        };
        if shared.lifecycle.is_open() {
            let keep = demand.note(shared.checkouts.take_peak(), Instant::now());
            reap_closed(&connections);
            close_surplus(&connections, keep);
        }
    }
}

fn report_leaks(shared: &Shared) {
    let threshold = shared.connector.config().leak_threshold;
    if threshold.is_zero() {
        return;
    }
    for held in shared.checkouts.overdue(threshold) {
        tracing::warn!(
            operation = held.operation,
            held_for = ?held.held_for,
            "a call has had its connection for longer than the threshold of {threshold:?}"
        );
    }
}

/// Lets bb8 look at each idle connection, as it does before it lends one: it drops those that the server
/// has ended and those that are too old. One after the other, so that none but one is away: those that
/// come back go to the end of bb8's queue.
fn reap_closed(connections: &bb8::Pool<Manager>) {
    for _ in 0..connections.state().idle_connections {
        drop(one_idle(connections));
    }
}

/// Closes idle connections until `keep` are left, or none is idle.
fn close_surplus(connections: &bb8::Pool<Manager>, keep: u32) {
    let state = connections.state();
    let surplus = state.connections.saturating_sub(keep);
    for _ in 0..surplus.min(state.idle_connections) {
        if let Some(Ok(mut idle)) = one_idle(connections) {
            idle.end(CloseReason::Idle);
        }
    }
}
