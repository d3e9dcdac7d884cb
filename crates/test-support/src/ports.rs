//! Free ports on 127.0.0.1.

use std::hash::{BuildHasher, RandomState};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Below the range of ephemeral ports. Otherwise the system may give the port of a stopped server
/// to an outgoing connection, even to a client that reconnects to it and so connects to itself.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// Listens on a free port.
///
/// # Panics
///
/// If there is no free port.
pub(crate) fn listen() -> TcpListener {
    candidates()
        .take(usize::from(COUNT))
        .find_map(|port| TcpListener::bind(local(port)).ok())
        .unwrap_or_else(|| panic!("no free port on 127.0.0.1"))
}

/// Listens on `addr` again.
///
/// # Panics
///
/// If another process has taken the port.
#[track_caller]
pub(crate) fn listen_again(addr: SocketAddr) -> TcpListener {
    TcpListener::bind(addr).unwrap_or_else(|error| panic!("cannot listen on {addr} again: {error}"))
}

/// Returns ports that are free. Another process may take one before it is used.
pub(crate) fn free() -> impl Iterator<Item = u16> {
    iter::repeat_with(listen).filter_map(|listener| Some(listener.local_addr().ok()?.port()))
}

pub(crate) fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Random, because several test processes start at the same time.
fn candidates() -> impl Iterator<Item = u16> {
    iter::repeat_with(|| RandomState::new().hash_one(()) % u64::from(COUNT))
        .filter_map(|offset| Some(FIRST + u16::try_from(offset).ok()?))
}
