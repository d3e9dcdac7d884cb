//! How to start a server.

use std::fmt::Write;

use super::account::Account;
use super::keeper::Keeper;
use super::{Server, StartError, locate};
use crate::ports;

const MAX_CONNECTIONS: u16 = 200;
/// For another process to take every one of these between choice and use, it must mean it.
const PORTS_TO_TRY: usize = 5;

/// Settings of a [`Server`] to be started.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    durable: bool,
    max_connections: u16,
    settings: Vec<(String, String)>,
}

impl Default for ServerOptions {
    /// Not durable, 200 connections, all else as PostgreSQL has it.
    fn default() -> Self {
        Self {
            durable: false,
            max_connections: MAX_CONNECTIONS,
            settings: Vec::new(),
        }
    }
}

impl ServerOptions {
    /// Commits wait for the disk: `fsync`, `synchronous_commit` and `full_page_writes` are on, and
    /// the data is in `TMPDIR` or `/tmp`.
    ///
    /// By default they do not, and a [`kill`](Server::kill) may lose what was committed just
    /// before; the data is in `TMPDIR`, in `/dev/shm` if it has 2 GB free, or in `/tmp`.
    #[must_use]
    pub fn durable(self) -> Self {
        Self {
            durable: true,
            ..self
        }
    }

    /// The limit of connections, 200 by default.
    #[must_use]
    pub fn max_connections(self, max_connections: u16) -> Self {
        Self {
            max_connections,
            ..self
        }
    }

    /// Any setting of `postgresql.conf`, without quotes; it wins over those above and over earlier
    /// ones.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts a server and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// If no PostgreSQL is installed, with a line that says how to install it; if the server does
    /// not become ready, with the end of its log.
    pub fn start(&self) -> Result<Server, StartError> {
        self.start_on(ports::free().take(PORTS_TO_TRY))
    }

    fn start_on(&self, ports: impl Iterator<Item = u16>) -> Result<Server, StartError> {
        let binaries = locate::binaries()?;
        let (mut keeper, directory) = Keeper::spawn(
            &binaries,
            Account::for_server()?,
            self.medium(),
            &self.configuration(),
        )
        .map_err(|reason| StartError::new(format!("initdb failed:\n{reason}")))?;
        let mut failure = String::new();
        for port in ports {
            match keeper.order(&format!("start {port}")) {
                Ok(()) => return Ok(Server::new(keeper, directory, ports::local(port))),
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

    fn medium(&self) -> &'static str {
        if self.durable { "disk" } else { "memory" }
    }

    fn configuration(&self) -> String {
        let durable = if self.durable { "on" } else { "off" };
        let max_connections = self.max_connections.to_string();
        let ours = [
            ("listen_addresses", "127.0.0.1"),
            // Shared memory in the data directory goes with it, even after a kill.
            ("dynamic_shared_memory_type", "mmap"),
            ("fsync", durable),
            ("synchronous_commit", durable),
            ("full_page_writes", durable),
            ("max_connections", &max_connections),
        ];
        let theirs = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        ours.into_iter()
            .chain(theirs)
            .fold(String::new(), |mut lines, (name, value)| {
                let value = value.replace('\\', r"\\").replace('\'', "''");
                // Writing to a string cannot fail.
                let _ = writeln!(lines, "{name} = '{value}'");
                lines
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_taken_after_it_was_chosen_is_given_up_for_another() {
        let taken = ports::listen();
        let taken_port = taken.local_addr().unwrap().port();
        let free = ports::free().next().unwrap();
        let server = ServerOptions::default()
            .start_on([taken_port, free].into_iter())
            .unwrap();
        assert_eq!(server.addr(), ports::local(free));
    }

    #[test]
    fn a_server_that_does_not_start_shows_its_log() {
        let options = ServerOptions::default().setting("no_such_setting", "it's");
        let error = options.start().unwrap_err().to_string();
        assert!(
            error.contains("unrecognized configuration parameter"),
            "{error}"
        );
    }
}
