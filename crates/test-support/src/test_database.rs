//! One database per test.

use std::net::SocketAddr;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Server;
use crate::simple_query::{self, QueryError, Row};

/// An empty database for one test. Dropping it closes its connections and drops the database.
///
/// If the server is stopped, dropping does nothing: the server's directory is removed anyway. Thaw
/// a frozen server first, or the drop blocks for two minutes.
#[derive(Debug)]
pub struct TestDatabase {
    server: SocketAddr,
    name: String,
}

impl TestDatabase {
    /// Creates a database on [`Server::shared`].
    ///
    /// # Panics
    ///
    /// If the server cannot be started, or returns an error.
    #[expect(
        clippy::new_without_default,
        reason = "a database on a server is not a default value"
    )]
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::create(Server::shared())
    }

    /// Creates a database on `server`.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or returns an error.
    #[must_use]
    #[track_caller]
    pub fn create(server: &Server) -> Self {
        Self::create_on(server.addr(), "template1")
    }

    /// Creates a database in another encoding than UTF8, such as `LATIN1`, on `server`.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or does not know the encoding.
    #[must_use]
    #[track_caller]
    pub fn in_encoding(server: &Server, encoding: &str) -> Self {
        let options = format!("template0 ENCODING '{encoding}' LOCALE 'C'");
        Self::create_on(server.addr(), &options)
    }

    /// Creates a copy of `template` on the same server. This is faster than migrating again.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or returns an error. It does so while any session is
    /// connected to `template`.
    #[must_use]
    #[track_caller]
    pub fn from_template(template: &Self) -> Self {
        Self::create_on(template.server, &template.name)
    }

    /// Returns the URL to connect as a superuser, without a password:
    /// `postgres://postgres@127.0.0.1:…/…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/{}", self.server, self.name)
    }

    /// Returns its name, which needs no quotes in SQL and is unique within this process.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn server(&self) -> SocketAddr {
        self.server
    }

    /// Runs `sql` on a new connection; see [`simple_query::execute`].
    ///
    /// # Errors
    ///
    /// Those of [`simple_query::execute`].
    pub fn execute(&self, sql: &str) -> Result<Vec<Row>, QueryError> {
        simple_query::execute(self.server, &self.name, sql)
    }

    #[track_caller]
    fn create_on(server: SocketAddr, template: &str) -> Self {
        let name = unique_name();
        let created = format!("CREATE DATABASE {name} TEMPLATE {template}");
        if let Err(error) = simple_query::execute(server, "postgres", &created) {
            panic!("cannot create a test database on {server}: {error:?}");
        }
        Self { server, name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // The test may have stopped the server, and a panic here would hide the panic of the test.
        let _ = simple_query::execute(self.server, "postgres", &dropped);
    }
}

/// Includes the process ID, to identify the owner on a server that several processes use.
fn unique_name() -> String {
    static CREATED: AtomicU64 = AtomicU64::new(0);
    format!(
        "test_{}_{}",
        process::id(),
        CREATED.fetch_add(1, Ordering::Relaxed)
    )
}
