use std::fmt;

use serde::{Serialize, Serializer};

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of finding it is; `docs/DIAGNOSIS.md` tells of each.
    pub code: FindingCode,
    /// What is the matter, in one sentence.
    pub summary: String,
    /// What was seen.
    pub evidence: String,
    /// What to do about it.
    pub advice: String,
}

/// How bad a finding is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; all is well all the same.
    Notice,
    /// It costs something now, or will.
    Warning,
    /// Calls fail, or what was saved may be lost, or soon will be.
    Critical,
}

impl Severity {
    /// As it is written: `notice`, `warning` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The codes once: their variants, their words, and the list of all.
macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident $word:literal,)*) => {
        /// The kinds of findings. Their words are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[$meta])* $variant,)*
        }

        impl FindingCode {
            /// All that there are.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it is written, such as `fsync_off`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

codes! {
    /// The server follows another one and takes no writes.
    NotPrimary "not_primary",
    /// The server is told to take no writes.
    ReadOnly "read_only",
    /// This role may not read and write the tables.
    InsufficientPrivilege "insufficient_privilege",
    /// The server did not say how it is.
    Unresponsive "unresponsive",
    /// The server is far away.
    SlowRoundTrip "slow_round_trip",
    /// What is sent can be read on the way.
    Unencrypted "unencrypted",
    /// Nobody makes sure that the server is the right one.
    UnverifiedServer "unverified_server",
    /// The database has another encoding than UTF8.
    Encoding "encoding",
    /// A table of the same name is not Tasktrail's.
    ForeignTable "foreign_table",
    /// No schema is configured, and the store is in another than the default.
    OtherStore "other_store",
    /// There are no tables.
    SchemaMissing "schema_missing",
    /// Migrations are pending.
    SchemaOld "schema_old",
    /// A newer program has migrated the database.
    SchemaNewer "schema_newer",
    /// The tables are not as the migrations make them.
    SchemaDrift "schema_drift",
    /// New entries would come before those that are there.
    SequenceBehind "sequence_behind",
    /// An index is missing.
    MissingIndex "missing_index",
    /// The server does not wait for the disk.
    FsyncOff "fsync_off",
    /// A crash may tear pages.
    FullPageWritesOff "full_page_writes_off",
    /// A commit is acknowledged before it is on the disk.
    AsynchronousCommit "asynchronous_commit",
    /// Nothing vacuums by itself.
    AutovacuumOff "autovacuum_off",
    /// A time limit of the server ends calls that would succeed.
    ShortTimeout "short_timeout",
    /// The server ends connections that the pool keeps.
    IdleSessionTimeout "idle_session_timeout",
    /// The server translates its messages.
    TranslatedMessages "translated_messages",
    /// The server has few connections left.
    ConnectionsNearLimit "connections_near_limit",
    /// Calls wait for a connection of this pool.
    PoolFull "pool_full",
    /// Calls gave up waiting for one.
    PoolTimeouts "pool_timeouts",
    /// Calls held one for too long.
    PoolLeaks "pool_leaks",
    /// The circuit breaker refuses calls.
    BreakerOpen "breaker_open",
    /// Old versions of rows pile up.
    DeadTuples "dead_tuples",
    /// The planner knows little about a table.
    StaleStatistics "stale_statistics",
    /// An index is not complete and serves nobody.
    InvalidIndex "invalid_index",
    /// An index that nobody uses.
    UnusedIndex "unused_index",
    /// An index much larger than what is in it.
    BloatedIndex "bloated_index",
    /// Statements are slow.
    SlowStatement "slow_statement",
    /// The server does not count statements.
    PgStatStatementsMissing "pg_stat_statements_missing",
    /// A transaction has been open for long.
    LongTransaction "long_transaction",
    /// A prepared transaction that nobody ends.
    PreparedTransaction "prepared_transaction",
    /// A standby is behind.
    ReplicationLag "replication_lag",
    /// The server keeps its log for a standby that does not take it.
    InactiveSlot "inactive_slot",
    /// The numbers of transactions run out.
    Wraparound "wraparound",
    /// The disk will be full.
    DiskFull "disk_full",
    /// Tasks are dated ahead of the clock.
    FarFuture "far_future",
    /// The role may not see all that a check needs.
    MissingPrivilege "missing_privilege",
    /// A question had no answer.
    CheckFailed "check_failed",
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FindingCode {
    /// A finding of this kind.
    pub(super) fn finding(
        self,
        severity: Severity,
        summary: impl Into<String>,
        evidence: impl Into<String>,
        advice: impl Into<String>,
    ) -> Finding {
        Finding {
            severity,
            code: self,
            summary: summary.into(),
            evidence: evidence.into(),
            advice: advice.into(),
        }
    }
}
