//! What a database is like, and what somebody should do about it.
//!
//! Each group of checks is a file: it asks one or two questions, keeps the facts, and judges them.
//! The judging is free of the server, so that every verdict is tested by itself. A question that
//! the server refuses, or does not answer in time, is told among the findings, and the others go on.

mod connection;
mod far_future;
mod finding;
mod growth;
mod indexes;
mod order;
mod pool;
mod probe;
mod replication;
mod schema;
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
use tasktrail_postgres::{entry_order, health, schema_check};

/// How long the server works on one question.
const QUESTION_LIMIT: Duration = Duration::from_secs(5);

/// A diagnosis: the findings and the facts that they rest on.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// What somebody should look at, the worst first; nothing if all is well.
    pub findings: Vec<Finding>,
    /// The connection that asked, and the server.
    pub connection: Option<ConnectionFacts>,
    /// The tables of the histories, with their partitions added up.
    pub tables: Vec<TableFacts>,
    /// Their indexes, the largest first; those of partitions one by one.
    pub indexes: Vec<IndexFacts>,
    /// The statements of this application by the time that they took, the most first; `None` where the
    /// server does not count them.
    pub statements: Option<Vec<StatementFacts>>,
    /// Transactions that have been open for longer than [the limit](DiagnosisOptions::long_transaction).
    pub long_transactions: Vec<OpenTransaction>,
    /// The standbys that stream from the server.
    pub replicas: Vec<Replica>,
    /// What the server keeps its log for.
    pub slots: Vec<ReplicationSlot>,
    /// How far the numbers of transactions have come.
    pub wraparound: Option<Wraparound>,
    /// How fast the histories grow; `None` without entries.
    pub growth: Option<Growth>,
}

impl Diagnosis {
    /// How bad the worst finding is; `None` without findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// Adds a finding behind those that are as bad.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    }
}

/// What a diagnosis goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiagnosisOptions {
    /// How many bytes are free on the disk of the database, which the server does not tell. Unknown by
    /// default; then nobody can tell when it will be full.
    pub disk_free: Option<u64>,
    /// From which age on an open transaction is told. 5 minutes by default.
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

/// A database could not be diagnosed at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosisError {
    /// It could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The connection broke in the middle of it.
    #[error("the database could not be asked")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

/// Without migrations, what has the names of the tables where the store cannot be is not the store.
fn may_have_tables(server: &ServerHealth) -> bool {
    server.refusal.is_none() || !server.schema.applied.is_empty()
}

/// Asks everything on a connection of its own.
pub(crate) async fn diagnose(
    connector: &Connector,
    pool: &PoolStatistics,
    options: &DiagnosisOptions,
) -> Result<Diagnosis, DiagnosisError> {
    let mut found = Diagnosis::default();
    let mut probe = Probe::open(connector).await?;
    found.connection = connection::look(&mut probe, connector).await?;
    settings::look(&mut probe).await?;
    let server = health::ask(connector, QUESTION_LIMIT).await;
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
    probe.found(pool::judge(pool));
    probe.found(schema::judge_server(&server));
    if let Ok(server) = &server {
        let differences = schema_check::differences(connector, QUESTION_LIMIT).await;
        // What a pending migration would change is no finding, but where the store cannot be is one.
        if server.schema.is_current() || differences.is_err() {
            probe.found(schema::judge_differences(&differences, &found.tables));
        }
        if server.schema.is_current() {
            let order = entry_order::look(connector, QUESTION_LIMIT).await;
            probe.found(order::judge(&order));
        }
    }
    for finding in probe.into_findings() {
        found.add(finding);
    }
    Ok(found)
}
