//! pgbench, a C program that only sends the statement.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use tasktrail_test_support::TestDatabase;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::figures::Figures;
use crate::workbench::{Workbench, run};
use crate::{statement, workload};

/// The numbers of clients of the limit. The fastest counts.
pub(crate) const LIMIT_CLIENTS: [u32; 4] = [1, 2, 4, 20];

/// The number of entries per statement of the limit.
pub(crate) const LIMIT_ENTRIES: u32 = 256;

/// Measures saves with `entries` per statement, in entries per second.
pub(crate) async fn saves(
    bench: &Workbench,
    database: &TestDatabase,
    entries: u32,
    clients: u32,
    time: Duration,
) -> Result<Figures> {
    let step_result = workload::step_result()?;
    let script = match entries {
        1 => statement::pgbench_one(&step_result)?,
        _ => statement::pgbench(entries, &step_result)?,
    };
    let mut figures = transactions(bench, database, &script, clients, time).await?;
    figures.per_second *= f64::from(entries);
    Ok(figures)
}

/// Measures status checks on a store with 100 users with 100 tasks of 10 steps each.
pub(crate) async fn statuses(
    bench: &Workbench,
    database: &TestDatabase,
    clients: u32,
    time: Duration,
) -> Result<Figures> {
    transactions(bench, database, statement::STATUS_SCRIPT, clients, time).await
}

/// Measures claims of ready tasks, each with the update that completes it.
pub(crate) async fn dispatch(
    bench: &Workbench,
    database: &TestDatabase,
    clients: u32,
    time: Duration,
) -> Result<Figures> {
    transactions(bench, database, statement::DISPATCH_SCRIPT, clients, time).await
}

async fn transactions(
    bench: &Workbench,
    database: &TestDatabase,
    script: &str,
    clients: u32,
    time: Duration,
) -> Result<Figures> {
    let mut file = NamedTempFile::new()?;
    file.write_all(script.as_bytes())?;
    let (clients, seconds) = (clients.to_string(), time.as_secs().to_string());
    let mut command = Command::new(&bench.pgbench);
    command
        .args(["-n", "-M", "prepared", "-j", "1", "-D", "n=-1"])
        .args(["-c", &clients, "-T", &seconds, "-f"])
        .arg(file.path())
        .arg(database.url());
    read(&run(&mut command).await?)
}

fn read(report: &str) -> Result<Figures> {
    let failed = number_after(report, "number of failed transactions: ").unwrap_or(0.0);
    anyhow::ensure!(failed == 0.0, "pgbench has failed transactions:\n{report}");
    let per_second = number_after(report, "tps = ")
        .filter(|transactions| *transactions > 0.0)
        .with_context(|| format!("the output of pgbench has no throughput:\n{report}"))?;
    Ok(Figures::per_second(per_second))
}

fn number_after(report: &str, label: &str) -> Option<f64> {
    let (_, value) = report.split_once(label)?;
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "transaction type: one.pgb
number of transactions actually processed: 5119
number of failed transactions: 0 (0.000%)
latency average = 0.781 ms
initial connection time = 1.733 ms
tps = 1279.790422 (without initial connection time)
";

    #[test]
    fn the_throughput_is_parsed() {
        let figures = read(REPORT).unwrap();
        assert_eq!(figures, Figures::per_second(1_279.790_422));
    }

    #[test]
    fn a_report_without_throughput_or_with_failures_is_an_error() {
        assert!(read("pgbench: error: client 0 aborted").is_err());
        let failed = REPORT.replace("transactions: 0", "transactions: 3");
        assert!(read(&failed).unwrap_err().to_string().contains("failed"));
    }
}
