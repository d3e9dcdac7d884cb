use chrono::Datelike;
use clap::Args;
use indicatif::HumanBytes;
use serde::Serialize;
use tasktrail::Partition;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::timestamp::Timestamp;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, confirm, counted};

/// Partition the entries by month, or create partitions for the next months.
///
/// Use this if you regularly remove a large share of the history: `cleanup` and the scheduled
/// maintenance of services then drop whole partitions. Saves and reads become slower (see
/// docs/PERFORMANCE.md), so stores are not partitioned by default.
///
/// On a store without partitions, the existing table becomes the first partition. No row is copied,
/// and saves and reads continue. The only way back is `export` and `import`, so the command asks
/// for confirmation. In a script, pass --yes.
///
/// On a partitioned store, it only creates partitions for the next months, without confirmation.
/// Saves never fail for lack of a partition: later entries go to an open-ended partition, which a
/// later run splits.
///
/// Run it as the owner of the tables. JSON: `{"made", "partitions", "dry_run"}`. `made` has the
/// names of the new partitions. `partitions` is a list of `{"name", "from", "until", "entries",
/// "bytes"}`, or null without partitions; `entries` is an estimate of the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate partition --dry-run
  tasktrail migrate partition --yes
  tasktrail migrate partition --months-ahead 12")]
pub(super) struct PartitionArgs {
    /// Number of months after the current one that get their own partition: 0 to 120.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=120))]
    months_ahead: u32,

    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,

    /// Change nothing: show the current partitions.
    #[arg(long)]
    dry_run: bool,
}

const QUESTION: &str =
    "This partitions the entries by month. The only way back is an export and an import.";

pub(super) async fn run(
    args: &PartitionArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let before = manager.partitions().await?;
    let made = if args.dry_run {
        Vec::new()
    } else {
        if before.is_none() && !args.yes {
            confirm(QUESTION, "this cannot be undone")?;
        }
        manager.partition(args.months_ahead).await?
    };
    let made: Vec<_> = made.into_iter().map(|partition| partition.name).collect();
    let partitions = if args.dry_run {
        before
    } else {
        manager.partitions().await?
    };
    if output.is_json() {
        return output.json(&Answer {
            made,
            partitions: partitions.map(|list| list.iter().map(View::of).collect()),
            dry_run: args.dry_run,
        });
    }
    match partitions {
        None => output.line("the entries are not partitioned"),
        Some(partitions) => {
            for partition in &partitions {
                output.line(describe(partition))?;
            }
            output.line(summary(&partitions, &made))
        }
    }
}

fn describe(partition: &Partition) -> String {
    let entries = counted(partition.entries, "entry", "entries");
    let bytes = HumanBytes(partition.bytes);
    format!("{}: about {entries}, {bytes}", partition.name)
}

fn summary(partitions: &[Partition], made: &[String]) -> String {
    let end = partitions
        .iter()
        .filter_map(|partition| partition.until)
        .max();
    let months = end.map_or(0, |end| months_ahead(SystemClock.now(), end));
    let (all, made) = (partitions.len(), made.len());
    format!("{all} partitions, {made} of them new; {months} months ahead")
}

/// Number of whole months after the month of `now` that end at or before `end`. A partition can
/// span more than one month: if the store is partitioned in the last week of a month, the first
/// partition includes the next month.
fn months_ahead(now: Timestamp, end: Timestamp) -> i32 {
    let month = |instant: Timestamp| {
        let date = instant.to_datetime().date_naive();
        date.year() * 12 + i32::try_from(date.month0()).unwrap_or_default()
    };
    (month(end) - month(now) - 1).max(0)
}

#[derive(Serialize)]
struct Answer {
    made: Vec<String>,
    /// `null` if the entries are not partitioned.
    partitions: Option<Vec<View>>,
    dry_run: bool,
}

#[derive(Serialize)]
struct View {
    name: String,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    entries: u64,
    bytes: u64,
}

impl View {
    fn of(partition: &Partition) -> Self {
        Self {
            name: partition.name.clone(),
            from: partition.from,
            until: partition.until,
            entries: partition.entries,
            bytes: partition.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_ahead_counts_months_not_partitions() {
        for (now, end, months) in [
            ("2026-11-27T11:00:00Z", "2027-01-01T00:00:00Z", 1),
            ("2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z", 0),
            ("2026-12-31T23:59:59Z", "2028-01-01T00:00:00Z", 12),
            ("2026-11-01T00:00:00Z", "2026-09-01T00:00:00Z", 0),
        ] {
            let instant = |text: &str| -> Timestamp { text.parse().unwrap() };
            assert_eq!(months_ahead(instant(now), instant(end)), months, "{now}");
        }
    }
}
