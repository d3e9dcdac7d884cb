//! A TCP proxy that injects faults.

mod connection;
mod faults;
mod listener;
mod sockets;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::ports;
use faults::FaultFlags;
use listener::Listener;

pub use faults::Direction;

/// A TCP proxy on 127.0.0.1 in front of a server. It forwards everything until you inject a fault.
///
/// A fault applies to open and new connections until [`heal`](Self::heal). Bytes that a fault holds
/// back remain unread, so their sender gets a TCP reset (`ECONNRESET`) if the connection is then
/// closed. Dropping the proxy closes all connections.
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
    /// If no port is free.
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

    /// Returns its address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Replaces the address of the server in a database URL, such as
    /// [`TestDatabase::url`](crate::TestDatabase::url), with the address of this proxy.
    ///
    /// # Panics
    ///
    /// If `database` does not contain the address of the server.
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

    /// Delays bytes by `latency` in each direction. Bytes that arrive during a delay are delayed by
    /// `latency` after it.
    pub fn set_latency(&self, latency: Duration) {
        self.flags.set_latency(latency);
    }

    /// Holds everything sent in `direction`, including the end of the connection, until
    /// [`release`](Self::release).
    pub fn stall(&self, direction: Direction) {
        self.flags.set_stalled(direction, true);
    }

    /// Blocks until bytes are held in `direction`, that is, were sent after [`stall`](Self::stall).
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

    /// Forwards what was [stalled](Self::stall), in both directions.
    pub fn release(&self) {
        for direction in Direction::BOTH {
            self.flags.set_stalled(direction, false);
        }
    }

    /// Closes every connection that would pass more than `bytes` in `direction`. Bytes count from
    /// now, or from the start of a later connection.
    ///
    /// With 0 bytes from the client, the request never arrives. With 0 bytes from the server, the
    /// request arrives, but the client never gets the response.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.flags.set_cut(direction, bytes, false);
    }

    /// Like [`cut_after`](Self::cut_after), but cuts only the first connection that reaches the
    /// limit.
    pub fn cut_once_after(&self, direction: Direction, bytes: u64) {
        self.flags.set_cut(direction, bytes, true);
    }

    /// Returns the number of connections cut so far.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.flags.cuts()
    }

    /// Returns the number of bytes forwarded in `direction` so far, over all connections.
    #[must_use]
    pub fn passed(&self, direction: Direction) -> u64 {
        self.flags.passed(direction)
    }

    /// Closes every connection that has passed bytes. The client gets a TCP reset if bytes that it
    /// sent are [held](Self::wait_until_held), otherwise an end of file.
    pub fn reset(&self) {
        self.flags.close_all();
    }

    /// Refuses new connections (`ECONNREFUSED`) until [`accept`](Self::accept). Open connections
    /// are not affected.
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

    /// Removes all faults. Held bytes are forwarded. Closed connections remain closed.
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
