//! A second server that follows the first and takes its place.

use std::path::Path;

use super::launch::{launch, ports_to_try};
use super::supervisor::Plan;
use super::{Server, StartError};
use crate::simple_query::{self, Row};
use crate::wait_until;

impl Server {
    /// Starts a hot standby of this server: a copy with a port and a directory of its own, to which
    /// every change streams. Its settings are those of this server as it was started.
    ///
    /// It ends by itself like any other, in any order. A slot keeps for it what it misses while it is
    /// stopped.
    ///
    /// # Errors
    ///
    /// If the copy cannot be made, with the words of `pg_basebackup`; if it does not become ready, with
    /// the end of its log.
    pub fn standby(&self) -> Result<Self, StartError> {
        let plan = Plan {
            place: self.directory().parent().unwrap_or(Path::new("/tmp")),
            data_in: None,
            wal_in: None,
            primary: Some(self.addr().port()),
            access: "",
            settings: "",
        };
        launch(&plan, ports_to_try())
    }

    /// From now on a commit is acknowledged when a standby has it on its disk, too, and waits while
    /// there is none. Returns when that holds for every session.
    ///
    /// A standby that is made afterwards would wait for one of its own when it is promoted.
    ///
    /// # Panics
    ///
    /// If no standby streams within two minutes.
    #[track_caller]
    pub fn replicate_synchronously(&self) {
        wait_until("a standby to stream", || {
            self.has_standby("state = 'streaming'")
        });
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("SELECT pg_reload_conf()");
        let everybody = [[Some("*".to_owned())]];
        // A new session has what the postmaster has read and passed on.
        wait_until("the server to read its configuration", || {
            self.sql("SHOW synchronous_standby_names") == everybody
        });
        // It is the checkpointer that tells the sessions to wait, before its next checkpoint.
        self.sql("CHECKPOINT");
        wait_until("the standby to be waited for", || {
            self.has_standby("sync_state = 'sync'")
        });
    }

    /// Makes a [standby](Self::standby) a server of its own, which takes writes when this returns. What
    /// becomes of its primary is the caller's business.
    ///
    /// # Panics
    ///
    /// If it is no standby, or stopped.
    #[track_caller]
    pub fn promote(&self) {
        let done = self.sql("SELECT pg_promote()");
        assert_eq!(
            done,
            [[Some("t".to_owned())]],
            "the standby was not promoted"
        );
    }

    #[track_caller]
    fn has_standby(&self, condition: &str) -> bool {
        let standbys = format!("SELECT 1 FROM pg_stat_replication WHERE {condition}");
        !self.sql(&standbys).is_empty()
    }

    #[track_caller]
    fn sql(&self, sql: &str) -> Vec<Row> {
        match simple_query::execute(self.addr(), "postgres", sql) {
            Ok(rows) => rows,
            Err(error) => panic!("`{sql}` failed: {error:?}"),
        }
    }
}
