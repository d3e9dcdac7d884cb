//! The two sockets of a connection through the proxy.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Interval at which a blocked write checks whether the connection is closed.
const WRITE_TIMEOUT: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) client: TcpStream,
    pub(super) server: TcpStream,
    shut: AtomicBool,
}

impl Connection {
    pub(super) fn open(client: TcpStream, upstream: SocketAddr) -> io::Result<Self> {
        let server = TcpStream::connect(upstream)?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        }
        Ok(Self {
            client,
            server,
            shut: AtomicBool::new(false),
        })
    }

    /// Only for [`FaultFlags`](super::faults::FaultFlags), which notifies waiting threads.
    ///
    /// Does not shut down writing, which would send an end of file. Closing a socket with unread
    /// bytes sends the reset that is wanted.
    pub(super) fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
        for stream in [&self.client, &self.server] {
            // Fails if the peer has closed the connection.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }

    pub(super) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::SeqCst)
    }
}
