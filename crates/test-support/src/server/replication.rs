//! Streaming replication: standbys, synchronous commits and promotion.

use std::path::Path;

use super::launch::{launch, ports_to_try};
use super::supervisor::Plan;
use super::{Server, StartError};
use crate::simple_query::{self, Row};
use crate::wait_until;

impl Server {
    /// Starts a hot standby of this server, with its own port and directory. Its settings are those
    /// that this server was started with.
    ///
    /// You can drop the two servers in any order. A replication slot retains the changes while the
    /// standby is stopped.
    ///
    /// # Errors
    ///
    /// If `pg_basebackup` fails; the message has its output. If the standby does not become ready;
    /// the message has the end of its log.
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

    /// Makes replication synchronous: a commit waits until a standby has flushed it to disk. Blocks
    /// until this applies to every session.
    ///
    /// Make standbys before. A later one copies this setting, and waits for a standby of its own
    /// when it is promoted.
    ///
    /// # Panics
    ///
    /// If no standby connects within two minutes.
    #[track_caller]
    pub fn replicate_synchronously(&self) {
        wait_until("a standby to stream", || {
            self.has_standby("state = 'streaming'")
        });
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("SELECT pg_reload_conf()");
        let all_standbys = [[Some("*".to_owned())]];
        // A new session gets the configuration that the postmaster has read.
        wait_until("the server to read its configuration", || {
            self.sql("SHOW synchronous_standby_names") == all_standbys
        });
        // The checkpointer makes the sessions wait, before its next checkpoint.
        self.sql("CHECKPOINT");
        wait_until("commits to wait for the standby", || {
            self.has_standby("sync_state = 'sync'")
        });
    }

    /// Promotes a [standby](Self::standby). It accepts writes when this returns. The former primary
    /// is not affected.
    ///
    /// # Panics
    ///
    /// If it is not a standby, or is stopped.
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
