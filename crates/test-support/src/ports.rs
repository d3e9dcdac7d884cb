//! Free ports on 127.0.0.1.

use std::hash::{BuildHasher, RandomState};
use std::iter;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Below the range from which systems take the ports of outgoing connections. Otherwise the port of
/// a stopped server may go to anybody, even to a client that tries to reconnect to it, and is then
/// connected to itself.
const FIRST: u16 = 10_000;
const COUNT: u16 = 22_000;

/// Listens on a free port.
///
/// # Panics
///
/// If there is none.
pub(crate) fn listen() -> TcpListener {
    candidates()
        .take(usize::from(COUNT))
        .find_map(|port| TcpListener::bind(local(port)).ok())
        .unwrap_or_else(|| panic!("no free port on 127.0.0.1"))
}

/// Listens on `addr`, where this process has listened before.
///
/// # Panics
///
/// If somebody else listens there by now.
#[track_caller]
pub(crate) fn listen_again(addr: SocketAddr) -> TcpListener {
    TcpListener::bind(addr).unwrap_or_else(|error| panic!("cannot listen on {addr} again: {error}"))
}

/// Ports that were free when asked for; somebody may take one before its use.
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
