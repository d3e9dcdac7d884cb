//! The listener of the proxy.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::FaultFlags;
use super::sockets::Connection;

/// Accepts connections on its own thread until dropped. After that, the port refuses connections.
#[derive(Debug)]
pub(super) struct Listener {
    addr: SocketAddr,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn open(
        listener: TcpListener,
        upstream: SocketAddr,
        flags: &Arc<FaultFlags>,
    ) -> Self {
        let addr = listener
            .local_addr()
            .unwrap_or_else(|error| panic!("no local address: {error}"));
        let closing = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (closing, flags) = (Arc::clone(&closing), Arc::clone(flags));
            move || accept(&listener, upstream, &closing, &flags)
        });
        Self {
            addr,
            closing,
            thread: Some(thread),
        }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // Wakes the thread if it is blocked. Otherwise it checks the flag anyway.
        let _ = TcpStream::connect(self.addr);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn accept(
    listener: &TcpListener,
    upstream: SocketAddr,
    closing: &AtomicBool,
    flags: &Arc<FaultFlags>,
) {
    for client in listener.incoming() {
        if closing.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let flags = Arc::clone(flags);
        // Connecting to the server may take a while, and must not delay the next client.
        thread::spawn(move || Connection::serve(client, upstream, &flags));
    }
}
