//! A table lock held by another session.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use crate::simple_query::{self, Row};
use crate::{TestDatabase, wait_until};

/// Holds a table lock until dropped, to block statements for as long as the test needs. The lock
/// ends after ten minutes at the latest.
#[derive(Debug)]
pub struct TableLock {
    server: SocketAddr,
    database: String,
    holder: Option<JoinHandle<()>>,
}

impl TableLock {
    /// Blocks all reads and writes of a table. Returns when the lock is held.
    ///
    /// # Panics
    ///
    /// If it cannot be locked within two minutes.
    #[must_use]
    #[track_caller]
    pub fn on(database: &TestDatabase, table: &str) -> Self {
        Self::hold(database, table, "ACCESS EXCLUSIVE", "AccessExclusiveLock")
    }

    /// Holds the lock of a transaction that has read a table. Returns when the lock is held.
    ///
    /// # Panics
    ///
    /// If it cannot be locked within two minutes.
    #[must_use]
    #[track_caller]
    pub fn of_a_reader(database: &TestDatabase, table: &str) -> Self {
        Self::hold(database, table, "ACCESS SHARE", "AccessShareLock")
    }

    /// `mode` is the lock mode in SQL, `shown` its name in `pg_locks`.
    #[track_caller]
    fn hold(database: &TestDatabase, table: &str, mode: &str, shown: &str) -> Self {
        let (server, name) = (database.server(), database.name().to_owned());
        let hold = format!(
            "BEGIN; LOCK TABLE ONLY {table} IN {mode} MODE; SELECT pg_sleep(600) AS holding"
        );
        let holder = thread::spawn({
            let name = name.clone();
            // The session ends with an error when it is terminated.
            move || drop(simple_query::execute(server, &name, &hold))
        });
        let lock = Self {
            server,
            database: name,
            holder: Some(holder),
        };
        let granted = format!(
            "SELECT 1 FROM pg_locks WHERE mode = '{shown}' AND granted
             AND relation = '{table}'::regclass AND pid <> pg_backend_pid()"
        );
        wait_until("the table is locked", || !lock.sql(&granted).is_empty());
        lock
    }

    /// Returns the number of statements that wait for a lock in this database.
    ///
    /// # Panics
    ///
    /// If the server does not answer.
    #[must_use]
    #[track_caller]
    pub fn waiting(&self) -> usize {
        let waiting = "SELECT 1 FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.sql(waiting).len()
    }

    #[track_caller]
    fn sql(&self, sql: &str) -> Vec<Row> {
        match simple_query::execute(self.server, &self.database, sql) {
            Ok(rows) => rows,
            Err(error) => panic!("`{sql}` failed: {error:?}"),
        }
    }
}

impl Drop for TableLock {
    fn drop(&mut self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE '%AS holding'
                   AND pid <> pg_backend_pid()";
        // A stopped server holds no lock, and a panic here would hide the panic of the test.
        let _ended = simple_query::execute(self.server, &self.database, end);
        if let Some(holder) = self.holder.take() {
            let _ended = holder.join();
        }
    }
}
