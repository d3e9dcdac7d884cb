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
use crate::output::{Output, confirm, grouped};

/// Partition the entries by month, or make partitions for the months to come.
///
/// For stores from which much old history is to go: `cleanup` and the maintenance of a service then drop
/// whole partitions. It costs a part of the speed of saves and reads (docs/PERFORMANCE.md has the
/// figures), so a store is not partitioned unless this was called.
///
/// A table that is not partitioned becomes the first partition as it is; no row is copied, and saves and
/// reads go on. There is no way back but `export` and `import`, so it asks; a script agrees with --yes.
/// On a partitioned store it only makes months, and asks nothing. No save ever fails for the want of a
/// month: what comes later has a partition as well, which is split in time.
///
/// Must be done by the owner of the tables. In JSON `{"made", "partitions", "dry_run"}`: names, and
/// `{"name", "from", "until", "entries", "bytes"}` of each, `entries` being the server's estimate.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate partition --dry-run
  tasktrail migrate partition --yes
  tasktrail migrate partition --months-ahead 12")]
pub(super) struct PartitionArgs {
    /// How many months after the present one have partitions of their own: 0 to 120.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=120))]
    months_ahead: u32,

    /// Do not ask.
    #[arg(long)]
    yes: bool,

    /// Change nothing: tell how the entries are kept.
    #[arg(long)]
    dry_run: bool,
}

const QUESTION: &str = "the entries will be partitioned by month, for which there is no way back but an \
                        export and an import.";

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
            confirm(QUESTION, "this cannot be taken back")?;
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
        None => output.line("the entries are in one table"),
        Some(partitions) => {
            for partition in &partitions {
                output.line(describe(partition))?;
            }
            output.line(summary(&partitions, &made))
        }
    }
}

fn describe(partition: &Partition) -> String {
    let (entries, bytes) = (grouped(partition.entries), HumanBytes(partition.bytes));
    format!("{}: about {entries} entries, {bytes}", partition.name)
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

/// How many whole months after that of `now` end at or before `end`. One partition may have several: the
/// first one reaches into the next month when the store is partitioned in the last week of a month.
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
    /// `null` if the entries are in one table.
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
    fn months_ahead_are_counted_also_where_a_partition_has_several() {
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
