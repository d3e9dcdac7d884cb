//! Options for starting a server.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::launch::{launch, ports_to_try};
use super::supervisor::Plan;
use super::{Server, StartError};

const MAX_CONNECTIONS: u16 = 200;

/// Options for starting a [`Server`].
#[derive(Clone, Debug)]
pub struct ServerOptions {
    durable: bool,
    max_connections: u16,
    settings: Vec<(String, String)>,
    access: String,
    data_in: Option<PathBuf>,
    wal_in: Option<PathBuf>,
}

impl Default for ServerOptions {
    /// Not durable, with 200 connections, and otherwise PostgreSQL's defaults.
    fn default() -> Self {
        Self {
            durable: false,
            max_connections: MAX_CONNECTIONS,
            settings: Vec::new(),
            access: String::new(),
            data_in: None,
            wal_in: None,
        }
    }
}

impl ServerOptions {
    /// Makes commits durable: `fsync`, `synchronous_commit` and `full_page_writes` are on, and the
    /// data is in `TMPDIR` or `/tmp`.
    ///
    /// By default they are off, and a [`kill`](Server::kill) may lose recent commits. The data is
    /// then in `TMPDIR`, in `/dev/shm` if it has 2 GB free, or in `/tmp`.
    #[must_use]
    pub fn durable(self) -> Self {
        Self {
            durable: true,
            ..self
        }
    }

    /// Sets `max_connections`. The default is 200.
    #[must_use]
    pub fn max_connections(self, max_connections: u16) -> Self {
        Self {
            max_connections,
            ..self
        }
    }

    /// Sets any setting of `postgresql.conf`, without quotes. It overrides the other options and
    /// earlier calls.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Requires the password of `role` for its connections. All other roles are trusted.
    ///
    /// The test creates the role (`CREATE ROLE app LOGIN PASSWORD 'secret'`).
    #[must_use]
    pub fn asks_for_the_password_of(mut self, role: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = writeln!(self.access, "host all {role} 127.0.0.1/32 scram-sha-256");
        // PostgreSQL 13 would store an MD5 hash by default, which this method cannot use.
        self.setting("password_encryption", "scram-sha-256")
    }

    /// Puts the data into a new directory in `parent`, such as a [`Disk`](crate::Disk), which must
    /// outlive the server. The write-ahead log remains with the server's other files.
    #[must_use]
    pub fn data_in(self, parent: &Path) -> Self {
        Self {
            data_in: Some(parent.to_owned()),
            ..self
        }
    }

    /// Puts the write-ahead log into a new directory in `parent`, such as a [`Disk`](crate::Disk),
    /// which must outlive the server.
    #[must_use]
    pub fn wal_in(self, parent: &Path) -> Self {
        Self {
            wal_in: Some(parent.to_owned()),
            ..self
        }
    }

    /// Starts a server, and blocks until it accepts connections.
    ///
    /// # Errors
    ///
    /// If no PostgreSQL is installed; the message has the command that installs it. If the server
    /// does not become ready; the message has the end of its log.
    pub fn start(&self) -> Result<Server, StartError> {
        self.start_on(ports_to_try())
    }

    fn start_on(&self, ports: impl Iterator<Item = u16>) -> Result<Server, StartError> {
        let plan = Plan {
            place: Path::new(if self.durable { "disk" } else { "memory" }),
            data_in: self.data_in.as_deref(),
            wal_in: self.wal_in.as_deref(),
            primary: None,
            access: &self.access,
            settings: &self.configuration(),
        };
        launch(&plan, ports)
    }

    fn configuration(&self) -> String {
        let durable = if self.durable { "on" } else { "off" };
        let max_connections = self.max_connections.to_string();
        let ours = [
            ("listen_addresses", "127.0.0.1"),
            // Shared memory in the data directory is removed with it, even after a kill.
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
    use crate::ports;

    #[test]
    fn a_port_taken_by_another_process_is_skipped() {
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
