//! Keeps the minimum number of connections of a pool open.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::Shared;
use super::manager::Manager;
use super::statistics::CloseReason;

const TICK: Duration = Duration::from_secs(1);

/// The longest pause after failed attempts to open connections.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Opens connections up to `min_connections`, with exponential backoff on failure, until the pool
/// is closed or dropped.
pub(super) async fn run(pool: Weak<Shared>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut pause, mut not_before) = (Duration::ZERO, Instant::now());
    loop {
        ticks.tick().await;
        let Some(shared) = pool.upgrade() else { return };
        let Some(connections) = shared.connections() else {
            return;
        };
        if Instant::now() < not_before {
            continue;
        }
        let minimum = shared.connector.config().min_connections;
        let filled = tokio::select! {
            filled = fill(&connections, minimum) => filled,
            () = shared.lifecycle.draining() => return,
        };
        pause = if filled {
            Duration::ZERO
        } else {
            (pause * 2).clamp(TICK, LONGEST_PAUSE)
        };
        not_before = Instant::now() + pause;
    }
}

/// Opens connections up to `minimum`. Returns whether all of them could be opened.
async fn fill(connections: &bb8::Pool<Manager>, minimum: u32) -> bool {
    while connections.state().connections < minimum {
        let Ok(connection) = connections.dedicated_connection().await else {
            return false;
        };
        if let Err(refused) = connections.add(connection) {
            // Calls have opened other connections since the count.
            let (bb8::AddError::NoCapacity(mut surplus) | bb8::AddError::Broken(mut surplus)) =
                refused;
            surplus.end(CloseReason::Idle);
            return true;
        }
    }
    true
}
