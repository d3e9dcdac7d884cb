//! The maintenance task of a pool, which runs every second.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::demand::Demand;
use super::manager::Manager;
use super::statistics::CloseReason;
use super::{Shared, one_idle};

const TICK: Duration = Duration::from_secs(1);

/// Removes closed connections, closes surplus ones and reports leaks, until the pool is closed or
/// dropped.
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
            "a call has held its connection longer than the leak threshold of {threshold:?}"
        );
    }
}

/// Lets bb8 check each idle connection as for a checkout: it drops connections that the server has
/// closed or that are too old. Checks one at a time, so that only one is unavailable. A checked
/// connection returns to the end of bb8's queue.
fn reap_closed(connections: &bb8::Pool<Manager>) {
    for _ in 0..connections.state().idle_connections {
        drop(one_idle(connections));
    }
}

/// Closes idle connections until `keep` remain or none is idle.
fn close_surplus(connections: &bb8::Pool<Manager>, keep: u32) {
    let state = connections.state();
    let surplus = state.connections.saturating_sub(keep);
    for _ in 0..surplus.min(state.idle_connections) {
        if let Some(Ok(mut idle)) = one_idle(connections) {
            idle.end(CloseReason::Idle);
        }
    }
}
