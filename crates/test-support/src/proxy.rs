//! A TCP proxy that can be made to fail.

mod connection;
mod faults;
mod listener;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ports;
use connection::Connection;
use faults::FaultFlags;
use listener::Listener;

pub use faults::Direction;

/// A TCP proxy on 127.0.0.1 in front of a server, which passes everything on until a fault is
/// switched on.
///
/// Faults hold for open and for new connections, until [`heal`](Self::heal). Bytes that a fault
/// keeps from passing stay unread, so that their sender gets a TCP reset (`ECONNRESET`) if the
/// connection is closed then. Dropping the proxy closes all connections.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    upstream: SocketAddr,
    flags: Arc<FaultFlags>,
    /// `None` while connections are refused.
    listener: Mutex<Option<Listener>>,
}

impl Proxy {
    /// Starts a proxy to `upstream` on a free port.
    ///
    /// # Panics
    ///
    /// If there is no free port.
    #[must_use]
    pub fn to(upstream: SocketAddr) -> Self {
        let flags = Arc::new(FaultFlags::default());
        let listener = Listener::open(ports::listen(), upstream, &flags);
        Self {
            addr: listener.addr(),
            upstream,
            flags,
            listener: Mutex::new(Some(listener)),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a database of the server, such as
    /// [`TestDatabase::url`](crate::TestDatabase::url), with this proxy in place of the server.
    ///
    /// # Panics
    ///
    /// If the address of the server is not in `database`.
    #[must_use]
    #[track_caller]
    pub fn url(&self, database: &str) -> String {
        let upstream = self.upstream.to_string();
        assert!(
            database.contains(&upstream),
            "{upstream} is not in {database}"
        );
        database.replacen(&upstream, &self.addr.to_string(), 1)
    }

    /// Delays bytes by `latency` in each direction. What arrives during a delay waits for one of
    /// its own.
    pub fn set_latency(&self, latency: Duration) {
        self.flags.set_latency(latency);
    }

    /// Holds everything that is sent in `direction`, the end of the connection included, until
    /// [`release`](Self::release).
    pub fn stall(&self, direction: Direction) {
        self.flags.set_stalled(direction, true);
    }

    /// Blocks until something is held in `direction`, that is, somebody has sent it after
    /// [`stall`](Self::stall).
    ///
    /// # Panics
    ///
    /// If nothing is held within two minutes.
    #[track_caller]
    pub fn wait_until_held(&self, direction: Direction) {
        assert!(
            self.flags.wait_until_held(direction),
            "nothing is held in {direction:?}"
        );
    }

    /// Lets pass what was [stalled](Self::stall) in either direction.
    pub fn release(&self) {
        for direction in Direction::BOTH {
            self.flags.set_stalled(direction, false);
        }
    }

    /// Closes every connection in place of passing more than `bytes` in `direction`, counted for
    /// each connection from its start or from now, whichever is later.
    ///
    /// With 0 bytes from the client a request never arrives; with 0 bytes from the server it does,
    /// and the client never learns what came of it.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.flags.set_cut(direction, bytes, false);
    }

    /// Like [`cut_after`](Self::cut_after), for the first connection only that gets there: others
    /// and later ones are not cut.
    pub fn cut_once_after(&self, direction: Direction, bytes: u64) {
        self.flags.set_cut(direction, bytes, true);
    }

    /// How many connections were cut so far.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.flags.cuts()
    }

    /// How many bytes have passed in `direction` so far, over all connections: what somebody has
    /// received is counted.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> u64 {
        self.flags.passed(direction)
    }

    /// Closes every connection through which something has passed. The client gets a TCP reset if
    /// it has sent bytes that are [held](Self::wait_until_held), and an end of file otherwise.
    pub fn reset(&self) {
        self.flags.close_all();
    }

    /// Refuses new connections (`ECONNREFUSED`) until [`accept`](Self::accept); open ones live on.
    pub fn refuse(&self) {
        *self.listener() = None;
    }

    /// Accepts connections again after [`refuse`](Self::refuse).
    ///
    /// # Panics
    ///
    /// If another process has taken the port.
    #[track_caller]
    pub fn accept(&self) {
        self.listener().get_or_insert_with(|| {
            Listener::open(ports::listen_again(self.addr), self.upstream, &self.flags)
        });
    }

    /// Switches every fault off; what was held passes, what was cut stays cut.
    ///
    /// # Panics
    ///
    /// If connections were refused and another process has taken the port.
    #[track_caller]
    pub fn heal(&self) {
        self.flags.clear();
        self.accept();
    }

    fn listener(&self) -> MutexGuard<'_, Option<Listener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse();
        self.flags.close_for_good();
    }
}
