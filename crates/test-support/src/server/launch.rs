//! From a plan to a server that accepts connections.

use super::account::Account;
use super::supervisor::{Plan, Supervisor};
use super::{Server, StartError, locate};
use crate::ports;

/// For another process to take every one of these between choice and use, it must mean it.
const PORTS_TO_TRY: usize = 5;

/// Ports on which a server can probably start.
pub(super) fn ports_to_try() -> impl Iterator<Item = u16> {
    ports::free().take(PORTS_TO_TRY)
}

/// Makes a server as planned, and starts it on the first of `ports` that nobody has taken.
pub(super) fn launch(
    plan: &Plan<'_>,
    ports: impl Iterator<Item = u16>,
) -> Result<Server, StartError> {
    let binaries = locate::binaries()?;
    let (mut supervisor, directory) = Supervisor::spawn(&binaries, Account::for_server()?, plan)
        .map_err(|reason| StartError::new(format!("the data cannot be made:\n{reason}")))?;
    let mut failure = String::new();
    for port in ports {
        match supervisor.order(&format!("start {port}")) {
            Ok(()) => return Ok(Server::new(supervisor, directory, ports::local(port))),
            Err(reason) => failure = reason,
        }
        if !failure.contains("Address already in use") {
            break;
        }
    }
    Err(StartError::new(format!(
        "postgres did not become ready:\n{failure}"
    )))
}
