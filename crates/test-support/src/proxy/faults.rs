//! The faults of the proxy.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::sockets::Connection;
use crate::wait::TIMEOUT;

/// The direction of bytes through a [`Proxy`](super::Proxy).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Requests.
    ClientToServer,
    /// Responses.
    ServerToClient,
}

impl Direction {
    /// Requests, then responses.
    pub const BOTH: [Self; 2] = [Self::ClientToServer, Self::ServerToClient];
}

/// The active faults, and the connections that they apply to.
#[derive(Debug, Default)]
pub(super) struct FaultFlags {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    latency: Duration,
    requests: HalfConnection,
    answers: HalfConnection,
    /// Counts the calls of [`FaultFlags::set_cut`], to distinguish cuts.
    armed: u64,
    cuts: usize,
    connections: Vec<Weak<Connection>>,
    closed_for_good: bool,
}

#[derive(Debug, Default)]
struct HalfConnection {
    stalled: bool,
    /// Number of connections with held bytes.
    held: usize,
    /// Number of bytes forwarded, over all connections.
    passed: u64,
    cut: Option<Cut>,
}

#[derive(Clone, Copy, Debug)]
struct Cut {
    armed: u64,
    after: u64,
    once: bool,
}

/// Progress of one direction of one connection towards a cut.
#[derive(Debug, Default)]
pub(super) struct Progress {
    armed: u64,
    passed: u64,
}

impl State {
    fn half(&mut self, direction: Direction) -> &mut HalfConnection {
        match direction {
            Direction::ClientToServer => &mut self.requests,
            Direction::ServerToClient => &mut self.answers,
        }
    }
}

impl FaultFlags {
    pub(super) fn set_latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    pub(super) fn set_stalled(&self, direction: Direction, stalled: bool) {
        self.state().half(direction).stalled = stalled;
        self.changed.notify_all();
    }

    pub(super) fn set_cut(&self, direction: Direction, after: u64, once: bool) {
        let mut state = self.state();
        state.armed += 1;
        let armed = state.armed;
        state.half(direction).cut = Some(Cut { armed, after, once });
    }

    pub(super) fn clear(&self) {
        self.set_latency(Duration::ZERO);
        for direction in Direction::BOTH {
            self.set_stalled(direction, false);
            self.state().half(direction).cut = None;
        }
    }

    pub(super) fn cuts(&self) -> usize {
        self.state().cuts
    }

    pub(super) fn passed(&self, direction: Direction) -> u64 {
        self.state().half(direction).passed
    }

    pub(super) fn wait_until_held(&self, direction: Direction) -> bool {
        let nothing = |state: &mut State| {
            let half = state.half(direction);
            !half.stalled || half.held == 0
        };
        let waited = self
            .changed
            .wait_timeout_while(self.state(), TIMEOUT, nothing);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Applies the faults to `connection`.
    pub(super) fn register(&self, connection: &Arc<Connection>) {
        let mut state = self.state();
        state.connections.retain(|known| known.strong_count() > 0);
        state.connections.push(Arc::downgrade(connection));
        if state.closed_for_good {
            connection.shut();
        }
    }

    /// Blocks while bytes that `connection` has received must not pass, or until it is closed.
    pub(super) fn hold(&self, connection: &Connection, direction: Direction) {
        let mut state = self.state();
        let latency = state.latency;
        if !latency.is_zero() {
            let open = |_: &mut State| !connection.is_shut();
            let waited = self.changed.wait_timeout_while(state, latency, open);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.half(direction).held += 1;
        self.changed.notify_all();
        let stalled = |state: &mut State| state.half(direction).stalled && !connection.is_shut();
        let waited = self.changed.wait_while(state, stalled);
        waited
            .unwrap_or_else(PoisonError::into_inner)
            .half(direction)
            .held -= 1;
    }

    /// Returns how many of `available` bytes may pass, or 0 if the connection has to be cut.
    pub(super) fn admit(
        &self,
        direction: Direction,
        progress: &mut Progress,
        available: usize,
    ) -> usize {
        let mut state = self.state();
        let half = state.half(direction);
        let Some(cut) = half.cut else {
            half.passed += count(available);
            return available;
        };
        if progress.armed != cut.armed {
            *progress = Progress {
                armed: cut.armed,
                passed: 0,
            };
        }
        let left = usize::try_from(cut.after - progress.passed).unwrap_or(usize::MAX);
        let admitted = available.min(left);
        progress.passed += count(admitted);
        state.half(direction).passed += count(admitted);
        if admitted == 0 {
            state.cuts += 1;
            if cut.once {
                state.half(direction).cut = None;
            }
        }
        admitted
    }

    pub(super) fn close(&self, connection: &Connection) {
        // Under the lock. Otherwise a thread that has just seen the connection open could miss the
        // notification.
        let _state = self.state();
        connection.shut();
        self.changed.notify_all();
    }

    pub(super) fn close_all(&self) {
        let connections = mem::take(&mut self.state().connections);
        for connection in connections.iter().filter_map(Weak::upgrade) {
            self.close(&connection);
        }
    }

    pub(super) fn close_for_good(&self) {
        self.state().closed_for_good = true;
        self.close_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
