//! Forwarding of one connection through the proxy.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;

use super::faults::{Direction, FaultFlags, Progress};
use super::sockets::Connection;

const CHUNK: usize = 64 * 1024;

impl Connection {
    /// Forwards bytes in both directions until both sides end or a fault closes the connection.
    pub(super) fn serve(client: TcpStream, upstream: SocketAddr, flags: &Arc<FaultFlags>) {
        let Ok(connection) = Self::open(client, upstream) else {
            return;
        };
        let connection = Arc::new(connection);
        flags.register(&connection);
        let answers = thread::spawn({
            let (connection, flags) = (Arc::clone(&connection), Arc::clone(flags));
            move || connection.pump(Direction::ServerToClient, &flags)
        });
        connection.pump(Direction::ClientToServer, flags);
        let _ = answers.join();
    }

    fn pump(&self, direction: Direction, flags: &FaultFlags) {
        let (from, to) = match direction {
            Direction::ClientToServer => (&self.client, &self.server),
            Direction::ServerToClient => (&self.server, &self.client),
        };
        if self.pass_all(from, to, direction, flags).is_ok() {
            // The other direction may continue.
            let _ = to.shutdown(Shutdown::Write);
        } else {
            flags.close(self);
        }
    }

    /// Returns at the end of file; an error closes the connection.
    fn pass_all(
        &self,
        mut from: &TcpStream,
        to: &TcpStream,
        direction: Direction,
        flags: &FaultFlags,
    ) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        let mut progress = Progress::default();
        loop {
            // Bytes that must not pass remain unread, see `shut`.
            let available = from.peek(&mut buffer)?;
            flags.hold(self, direction);
            if self.is_shut() {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            if available == 0 {
                return Ok(());
            }
            let admitted = flags.admit(direction, &mut progress, available);
            let (bytes, _) = buffer.split_at_mut(admitted);
            if bytes.is_empty() {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            from.read_exact(bytes)?;
            self.pass(bytes, to)?;
        }
    }

    fn pass(&self, mut bytes: &[u8], mut to: &TcpStream) -> io::Result<()> {
        while !bytes.is_empty() {
            match to.write(bytes) {
                Ok(written) => bytes = bytes.split_at(written).1,
                Err(error) if is_timeout(&error) && !self.is_shut() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
