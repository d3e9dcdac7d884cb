//! The diagnosis of a database.

mod page;

use std::time::Duration;

use bytesize::ByteSize;
use clap::Args;
use serde::Serialize;
use tasktrail::Pooler;
use tasktrail::diagnosis::{Diagnosis, DiagnosisOptions, Severity};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Check the database and list the problems, most severe first.
///
/// Checks the connection and its encryption, harmful server settings, the schema, the number of
/// connections, the sizes of tables and indexes, dead rows, the last vacuum and analyze, invalid,
/// unused, missing and bloated indexes, slow statements of Tasktrail, transactions that hold vacuum
/// back, standbys, transaction IDs, and growth. Each finding has evidence and a remedy;
/// docs/DIAGNOSIS.md lists all findings.
///
/// Changes nothing. Each query is limited to 5 seconds on the server. The role of a service is
/// sufficient; a finding reports what it may not see. To see everything, grant `pg_read_all_stats`.
///
/// The exit status is 1 if a finding is critical. JSON: `{"worst", "findings": [{"severity",
/// "code", "summary", "evidence", "advice"}], "facts"}`; `worst` is `critical`, `warning`, `notice`
/// or null.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail doctor
  tasktrail doctor --disk-free 50GB
  tasktrail doctor --format json | jq -r '.findings[] | .severity + \" \" + .code'
  tasktrail doctor > /var/log/tasktrail-doctor || alert")]
pub(crate) struct DoctorArgs {
    /// Free space on the disk of the database, such as 50GB or 1.5TiB; adds an estimate of when the
    /// disk is full.
    ///
    /// The server does not report the free space. Run `df` on its machine, for the directory in
    /// `SHOW data_directory`.
    #[arg(long, value_name = "SIZE")]
    disk_free: Option<ByteSize>,

    /// Report transactions that have been open for at least this long, in seconds: 0 to 31536000.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=31_536_000))]
    long_transaction: u64,
}

#[derive(Serialize)]
struct Answer<'a> {
    worst: Option<Severity>,
    findings: &'a [tasktrail::diagnosis::Finding],
    facts: Facts<'a>,
}

/// The facts of a diagnosis: everything except the findings.
#[derive(Serialize)]
struct Facts<'a> {
    connection: &'a Option<tasktrail::diagnosis::ConnectionFacts>,
    tables: &'a [tasktrail::diagnosis::TableFacts],
    indexes: &'a [tasktrail::diagnosis::IndexFacts],
    statements: &'a Option<Vec<tasktrail::diagnosis::StatementFacts>>,
    long_transactions: &'a [tasktrail::diagnosis::OpenTransaction],
    replicas: &'a [tasktrail::diagnosis::Replica],
    slots: &'a [tasktrail::diagnosis::ReplicationSlot],
    wraparound: &'a Option<tasktrail::diagnosis::Wraparound>,
    growth: &'a Option<tasktrail::diagnosis::Growth>,
}

impl<'a> Answer<'a> {
    fn of(diagnosis: &'a Diagnosis) -> Self {
        Self {
            worst: diagnosis.worst(),
            findings: &diagnosis.findings,
            facts: Facts {
                connection: &diagnosis.connection,
                tables: &diagnosis.tables,
                indexes: &diagnosis.indexes,
                statements: &diagnosis.statements,
                long_transactions: &diagnosis.long_transactions,
                replicas: &diagnosis.replicas,
                slots: &diagnosis.slots,
                wraparound: &diagnosis.wraparound,
                growth: &diagnosis.growth,
            },
        }
    }
}

pub(crate) async fn run(
    args: &DoctorArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    // Check the statement timeout of the services, not the one of this tool.
    let limit = connection::config(global)?.statement_timeout();
    let manager = connection::manager(global, |config| {
        config.with_postgres(|postgres| {
            // The limit of the role applies there, and that of an owner is longer than a service's.
            if postgres.pooler() == Pooler::Transaction {
                return postgres;
            }
            postgres.with_statement_timeout(limit)
        })
    })?;
    manager.init_connection_pool().await?;
    let options = DiagnosisOptions::default()
        .with_disk_free(args.disk_free.map(|size| size.as_u64()))
        .with_long_transaction(Duration::from_secs(args.long_transaction));
    let diagnosis = manager.diagnose(&options).await?.unwrap_or_default();
    if output.is_json() {
        output.json(&Answer::of(&diagnosis))?;
    } else {
        page::print(&diagnosis, output)?;
    }
    if diagnosis.worst() == Some(Severity::Critical) {
        Err(Failure::No)
    } else {
        Ok(())
    }
}
