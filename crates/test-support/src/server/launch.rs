//! Starting a server as planned.

use super::supervisor::{Plan, Supervisor};
use super::{Server, StartError, locate};
use crate::account::Account;
use crate::ports;

/// Number of ports to try. Another process may take a port between choice and use.
const PORTS_TO_TRY: usize = 5;

/// Ports on which a server can probably start.
pub(super) fn ports_to_try() -> impl Iterator<Item = u16> {
    ports::free().take(PORTS_TO_TRY)
}

/// Creates a server as planned, and starts it on the first of `ports` that is still free.
pub(super) fn launch(
    plan: &Plan<'_>,
    ports: impl Iterator<Item = u16>,
) -> Result<Server, StartError> {
    let binaries = locate::binaries()?;
    let account = Account::for_server().map_err(StartError::new)?;
    let (mut supervisor, directory) =
        Supervisor::spawn(&binaries, account, plan).map_err(|reason| {
            StartError::new(format!("cannot create the data directory:\n{reason}"))
        })?;
    let mut failure = String::new();
    for port in ports {
        match supervisor.run(&format!("start {port}")) {
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
