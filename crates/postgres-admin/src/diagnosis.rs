//! Checks of a database, and the problems that they find.
//!
//! Each module is a group of checks: it runs one or two queries, keeps the facts, and evaluates
//! them. The evaluation does not need a server, so each verdict has a unit test. A query that the
//! server refuses, or that times out, becomes a finding, and the other checks continue.

mod connection;
mod far_future;
mod finding;
mod growth;
mod indexes;
mod orchestration;
mod order;
mod pool;
mod probe;
mod replication;
mod schema;
mod server;
mod settings;
mod statements;
mod tables;
mod transactions;
mod wraparound;

use std::error::Error;
use std::time::Duration;

use serde::Serialize;
use tasktrail_postgres::health::ServerHealth;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::pool::PoolStatistics;

pub use self::connection::ConnectionFacts;
pub use self::finding::{Finding, FindingCode, Severity};
pub use self::growth::Growth;
pub use self::indexes::IndexFacts;
pub(crate) use self::indexes::facts as index_facts;
use self::probe::Probe;
pub use self::replication::{Replica, ReplicationSlot};
pub use self::statements::StatementFacts;
pub use self::tables::TableFacts;
pub use self::transactions::OpenTransaction;
pub use self::wraparound::Wraparound;
use tasktrail_postgres::{entry_order, health, schema_differences};

/// Statement timeout of each query of a diagnosis.
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// The result of a diagnosis: the findings and the facts behind them.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The problems, most severe first; empty if there are none.
    pub findings: Vec<Finding>,
    /// The connection of the diagnosis, and its server.
    pub connection: Option<ConnectionFacts>,
    /// The tables of the histories. A partitioned table is the sum of its partitions.
    pub tables: Vec<TableFacts>,
    /// Their indexes, largest first. Those of partitions are listed one by one.
    pub indexes: Vec<IndexFacts>,
    /// The statements of this application, by total time, longest first; `None` if the server does
    /// not collect statement statistics.
    pub statements: Option<Vec<StatementFacts>>,
    /// Transactions that have been open longer than [the
    /// limit](DiagnosisOptions::long_transaction).
    pub long_transactions: Vec<OpenTransaction>,
    /// The standbys that stream from the server.
    pub replicas: Vec<Replica>,
    /// The replication slots of the server.
    pub slots: Vec<ReplicationSlot>,
    /// How much of the transaction id space is used.
    pub wraparound: Option<Wraparound>,
    /// How fast the histories grow; `None` without entries.
    pub growth: Option<Growth>,
}

impl Diagnosis {
    /// Returns the severity of the most severe finding; `None` without findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// Adds a finding after those of the same severity.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }
}

/// Options of a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiagnosisOptions {
    /// Free bytes on the disk of the database, which SQL cannot report. Default: `None`, so the
    /// diagnosis does not estimate when the disk will be full.
    pub disk_free: Option<u64>,
    /// Age from which an open transaction is reported. Default: 5 minutes.
    pub long_transaction: Duration,
}

impl Default for DiagnosisOptions {
    fn default() -> Self {
        Self {
            disk_free: None,
            long_transaction: Duration::from_secs(5 * 60),
        }
    }
}

impl DiagnosisOptions {
    /// Sets [`disk_free`](Self::disk_free).
    #[must_use]
    pub fn with_disk_free(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.disk_free = bytes.into();
        self
    }

    /// Sets [`long_transaction`](Self::long_transaction).
    #[must_use]
    pub fn with_long_transaction(mut self, age: Duration) -> Self {
        self.long_transaction = age;
        self
    }
}

/// Why a diagnosis failed as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosisError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The connection was lost during the diagnosis.
    #[error("cannot query the database")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

/// Without applied migrations, tables with our names belong to another application if the schema
/// may not be used.
fn may_have_tables(server: &ServerHealth) -> bool {
    server.refusal.is_none() || !server.schema.applied.is_empty()
}

/// Runs all checks on new connections.
pub(crate) async fn diagnose(
    connector: &Connector,
    pool: &PoolStatistics,
    options: &DiagnosisOptions,
) -> Result<Diagnosis, DiagnosisError> {
    let mut found = Diagnosis::default();
    let mut probe = Probe::open(connector).await?;
    found.connection = connection::look(&mut probe, connector).await?;
    settings::look(&mut probe).await?;
    let server = health::ask(connector, QUERY_TIMEOUT).await;
    if server.as_ref().map_or(true, may_have_tables) {
        found.tables = tables::look(&mut probe).await?;
        found.indexes = indexes::look(&mut probe).await?;
    }
    found.statements = statements::look(&mut probe).await?;
    let limit = options.long_transaction;
    found.long_transactions = transactions::look(&mut probe, limit).await?;
    found.replicas = replication::replicas(&mut probe).await?;
    found.slots = replication::slots(&mut probe).await?;
    found.wraparound = wraparound::look(&mut probe).await?;
    found.growth = growth::look(&mut probe, &found.tables, options.disk_free).await?;
    far_future::look(&mut probe, &found.tables).await?;
    orchestration::look(&mut probe, &found.tables).await?;
    probe.found(pool::judge(pool));
    probe.found(server::judge(&server));
    if let Ok(server) = &server {
        let differences = schema_differences(connector, QUERY_TIMEOUT).await;
        // A pending migration explains differences. A database that must not be used is a finding.
        if server.schema.is_current() || differences.is_err() {
            probe.found(schema::judge(&differences, &found.tables));
        }
        if server.schema.is_current() {
            let order = entry_order::look(connector, QUERY_TIMEOUT).await;
            probe.found(order::judge(&order));
        }
    }
    for finding in probe.into_findings() {
        found.add(finding);
    }
    Ok(found)
}
