use std::fmt;

use serde::{Serialize, Serializer};

/// A problem that the diagnosis found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How severe it is.
    pub severity: Severity,
    /// The kind of finding; `docs/DIAGNOSIS.md` describes each.
    pub code: FindingCode,
    /// The problem, in one sentence.
    pub summary: String,
    /// The facts that show the problem.
    pub evidence: String,
    /// The remedy.
    pub advice: String,
}

/// The severity of a finding, ordered from low to high. Exhaustive, so that alerts cover each one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; no action is required.
    Notice,
    /// A cost, now or later.
    Warning,
    /// Calls fail or saved data may be lost, now or soon.
    Critical,
}

impl Severity {
    /// Returns `notice`, `warning` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Defines each code once: variant, text, and the list of all.
macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident $word:literal,)*) => {
        /// The kinds of findings. Their texts are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[$meta])* $variant,)*
        }

        impl FindingCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the text of the code, such as `fsync_off`.
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
    /// The server is a standby and does not accept writes.
    NotPrimary "not_primary",
    /// New transactions are read-only.
    ReadOnly "read_only",
    /// The role may not read and write the tables.
    InsufficientPrivilege "insufficient_privilege",
    /// The health check failed or got no response.
    Unresponsive "unresponsive",
    /// A round trip to the server takes long.
    SlowRoundTrip "slow_round_trip",
    /// The connection leaves the machine and is not encrypted.
    Unencrypted "unencrypted",
    /// The connection accepts any certificate.
    UnverifiedServer "unverified_server",
    /// The encoding of the database is not UTF8.
    Encoding "encoding",
    /// A table with the name of a Tasktrail table does not belong to Tasktrail.
    ForeignTable "foreign_table",
    /// No schema is configured, and a store exists in a schema other than the default.
    OtherStore "other_store",
    /// The tables do not exist.
    SchemaMissing "schema_missing",
    /// Migrations are pending.
    SchemaOld "schema_old",
    /// A newer version of the program has migrated the database.
    SchemaNewer "schema_newer",
    /// The tables differ from those that the migrations create.
    SchemaDrift "schema_drift",
    /// New entries would sort before existing ones.
    SequenceBehind "sequence_behind",
    /// An index does not exist.
    MissingIndex "missing_index",
    /// The server does not wait for data to reach the disk.
    FsyncOff "fsync_off",
    /// A crash may leave partly written pages.
    FullPageWritesOff "full_page_writes_off",
    /// A commit is acknowledged before it is on the disk.
    AsynchronousCommit "asynchronous_commit",
    /// Autovacuum is off.
    AutovacuumOff "autovacuum_off",
    /// A timeout of the server cancels calls that would succeed.
    ShortTimeout "short_timeout",
    /// The server closes idle connections that the pool keeps open.
    IdleSessionTimeout "idle_session_timeout",
    /// The server translates its messages.
    TranslatedMessages "translated_messages",
    /// Most of the server's connections are in use.
    ConnectionsNearLimit "connections_near_limit",
    /// Calls wait for a connection of the pool.
    PoolFull "pool_full",
    /// Calls have timed out waiting for a connection.
    PoolTimeouts "pool_timeouts",
    /// Calls held a connection for too long.
    PoolLeaks "pool_leaks",
    /// The circuit breaker rejects calls.
    BreakerOpen "breaker_open",
    /// A table contains many dead rows.
    DeadTuples "dead_tuples",
    /// The planner's statistics of a table are outdated.
    StaleStatistics "stale_statistics",
    /// An index is invalid, so no query uses it.
    InvalidIndex "invalid_index",
    /// An index has never been read.
    UnusedIndex "unused_index",
    /// An index consists mostly of free space.
    BloatedIndex "bloated_index",
    /// A statement is slow.
    SlowStatement "slow_statement",
    /// The server does not collect statement statistics.
    PgStatStatementsMissing "pg_stat_statements_missing",
    /// A transaction has been open for long.
    LongTransaction "long_transaction",
    /// A prepared transaction has been open for long.
    PreparedTransaction "prepared_transaction",
    /// A standby lags behind.
    ReplicationLag "replication_lag",
    /// The server retains write-ahead log for a slot without a consumer.
    InactiveSlot "inactive_slot",
    /// The transaction ids are running out.
    Wraparound "wraparound",
    /// The disk will be full soon.
    DiskFull "disk_full",
    /// Tasks are dated ahead of the server's clock.
    FarFuture "far_future",
    /// Agents, tasks and executions do not fit together.
    InconsistentOrchestration "inconsistent_orchestration",
    /// The tasks of an owner have many different required capabilities.
    ManyQueues "many_queues",
    /// The role may not see everything that a check needs.
    MissingPrivilege "missing_privilege",
    /// A query failed or timed out.
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
    /// Creates a finding of this kind.
    #[must_use]
    pub fn finding(
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
