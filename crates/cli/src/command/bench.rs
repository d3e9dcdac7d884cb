//! What a database can do, measured by its owner.

mod callers;
mod entries;
mod environment;
mod figures;
mod measured;
mod progress;
mod report;
mod workload;

use std::time::Duration;

use clap::Args;
use serde::{Serialize, Serializer};

use self::environment::BenchEnvironment;
use self::figures::Row;
use self::progress::Progress;
use self::workload::{Workload, cleanup, import, list, load, save, status};
use crate::args::{Global, seconds_between};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, note};

/// Measure what a database can do: saves, reads, an import, a clean-up.
#[derive(Debug, Args)]
#[command(long_about = MANUAL)]
#[command(after_help = "\
Examples:
  createdb bench
  tasktrail bench --database-url postgres://app@localhost/bench
  tasktrail bench --only save --callers 64 --seconds 10
  tasktrail bench --only status,load --format json | jq '.results[].p99_ms'")]
pub(crate) struct BenchArgs {
    /// Only these works; several are separated by spaces or commas. Default: all.
    #[arg(long, value_name = "WORK", value_enum, num_args = 1.., value_delimiter = ',')]
    only: Vec<Workload>,

    /// Only with so many callers at once: 1 to 10000 each. Default: 1 16 64 256 1024 for save and status,
    /// 1 16 for load and list.
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    callers: Vec<u32>,

    /// How long each measurement takes, in seconds: 0.1 to 3600. An import and a clean-up take as long as
    /// they take.
    #[arg(long, value_name = "N", default_value = "3", value_parser = seconds)]
    seconds: Duration,

    /// How many connections the callers share: 1 to 10000.
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,

    #[command(flatten)]
    sizes: Sizes,
}

/// How much is loaded.
#[derive(Debug, Args)]
#[command(next_help_heading = "How much there is")]
struct Sizes {
    /// How many tasks there are when statuses are asked for, of 100 users, with 10 steps each.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    status_tasks: u32,

    /// How many tasks the users have whose tasks are listed.
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    #[arg(default_values_t = [100, 10_000, 1_000_000])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    list_tasks: Vec<u32>,

    /// How many lines the imported file has.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    import_lines: u32,

    /// How many tasks are cleaned up, with 10 steps each.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    cleanup_tasks: u32,
}

const MANUAL: &str = "\
Measure what a database can do: saves, reads, an import, a clean-up.

The database must hold nothing but, perhaps, an empty schema of Tasktrail; one that holds histories
or other tables is refused, and one benchmark at a time works in it. All is done in a schema called
tasktrail_bench, which is removed at the end, also after an error or Ctrl-C. What a killed benchmark
left is removed by the next one. It takes about three minutes, and up to 2 GB on the server.

The works, each with its own data on tables that begin empty:
  save     callers save one step after the other, in tasks of 10 steps of a user of their own; with
           group commit and without it, in turn
  status   callers ask for the status of one of 10 000 tasks at random
  load     callers load all 100 steps of a task at random, with 256 bytes of result each
  list     callers list the first 100 tasks of a user who has 100, 10 000 or 1 000 000, all of them
           and only those that failed: one in a thousand, so that these pages have 1, 10 and 100
  import   a gzip file of 100 000 lines, unpacked and parsed
  cleanup  20 000 old tasks with 200 000 entries, removed in batches of 100 tasks

What the columns say:
  callers     how many call at once; each makes its next call when its last one was answered. They
              share the connections
  per second  saves, answers, imported lines, or removed entries
  p50 … max   how long a call took, in milliseconds: half of them took no longer than p50, 99 in 100
              no longer than p99. Of import a portion of up to 2000
              lines, of cleanup a batch
  WAL bytes   what the server wrote to its write-ahead log for each entry, all of its databases
              together
  dead rows   versions of rows that each entry left to the vacuum
  memory      the most that this process had resident

A narrow terminal shows neither p95 nor memory.

In JSON {\"server\", \"version\", \"connections\", \"seconds\", \"results\"}; a result has \"work\",
\"callers\", \"group_commit\" (of save, else null), \"tasks\" and \"filter\" (of list, else null),
\"count\" (how many were measured), \"per_second\", \"p50_ms\", \"p90_ms\", \"p95_ms\", \"p99_ms\",
\"max_ms\", \"wal_bytes\" and \"dead_rows\" (null for reads), and \"resident_bytes\".";

fn seconds(text: &str) -> Result<Duration, String> {
    seconds_between(text, 0.1, 3600.0)
}

#[derive(Serialize)]
struct Answer<'a> {
    server: &'a str,
    version: &'static str,
    connections: u32,
    #[serde(serialize_with = "as_seconds")]
    seconds: Duration,
    results: &'a [Row],
}

fn as_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

pub(crate) async fn run(
    args: &BenchArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let config = connection::config(global)?;
    let _removal = global.interrupt.waits().await;
    let environment = BenchEnvironment::take(config, args.connections).await?;
    let measured = tokio::select! {
        measured = args.measure(&environment) => measured,
        () = global.interrupt.came() => Err(Failure::error("interrupted")),
    };
    let removed = environment.leave().await;
    global.interrupt.left(match removed {
        Ok(()) => "what was made was removed",
        Err(_) => "what was made is still there",
    });
    let (server, rows) = match (measured, removed) {
        (Ok(measured), removed) => removed.map(|()| measured)?,
        (Err(failure), Ok(())) => return Err(failure),
        (Err(failure), Err(left)) => {
            let why = left.words();
            note(format_args!("left to the next benchmark to remove: {why}"));
            return Err(failure);
        }
    };
    if output.is_json() {
        return output.json(&Answer {
            server: &server,
            version: env!("CARGO_PKG_VERSION"),
            connections: args.connections,
            seconds: args.seconds,
            results: &rows,
        });
    }
    let (connections, seconds) = (args.connections, args.seconds.as_secs_f64());
    output.line(format_args!(
        "PostgreSQL {server}, {connections} connections, {seconds} s each"
    ))?;
    report::print(&rows, output)
}

impl BenchArgs {
    /// The server's version, and the rows in the order of the workloads.
    async fn measure(&self, environment: &BenchEnvironment) -> Result<(String, Vec<Row>), Failure> {
        let server = environment.server().await?;
        let progress = Progress::default();
        let mut rows = Vec::new();
        for workload in Workload::ALL {
            if self.only.is_empty() || self.only.contains(&workload) {
                rows.extend(self.workload(workload, environment, &progress).await?);
            }
        }
        Ok((server, rows))
    }

    async fn workload(
        &self,
        workload: Workload,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        match workload {
            Workload::Save => self.saves(environment, progress).await,
            Workload::Status => self.statuses(environment, progress).await,
            Workload::Load => self.loads(environment, progress).await,
            Workload::List => self.lists(environment, progress).await,
            Workload::Import => {
                let row = import::measure(environment, self.sizes.import_lines, progress).await?;
                Ok(vec![row])
            }
            Workload::Cleanup => {
                let row = cleanup::measure(environment, self.sizes.cleanup_tasks, progress).await?;
                Ok(vec![row])
            }
        }
    }

    /// The numbers of callers, each of which is announced before it is measured.
    fn callers(&self, workload: Workload, progress: &Progress) -> impl Iterator<Item = u32> {
        let callers = if self.callers.is_empty() {
            workload.callers()
        } else {
            &self.callers
        };
        callers.iter().copied().inspect(move |callers| {
            progress.measures(&format!("{} with {callers} at once", workload.name()));
        })
    }

    async fn saves(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for callers in self.callers(Workload::Save, progress) {
            rows.extend(save::measure(environment, callers, self.seconds).await?);
        }
        Ok(rows)
    }

    async fn statuses(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let tasks = status::prepare(environment, self.sizes.status_tasks, progress).await?;
        let mut rows = Vec::new();
        for callers in self.callers(Workload::Status, progress) {
            rows.extend(status::measure(environment, &tasks, callers, self.seconds).await?);
        }
        Ok(rows)
    }

    async fn loads(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let tasks = load::prepare(environment, progress).await?;
        let mut rows = Vec::new();
        for callers in self.callers(Workload::Load, progress) {
            rows.extend(load::measure(environment, &tasks, callers, self.seconds).await?);
        }
        Ok(rows)
    }

    async fn lists(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let mut sizes = self.sizes.list_tasks.clone();
        sizes.sort_unstable();
        sizes.dedup();
        list::prepare(environment, &sizes, progress).await?;
        let pages = [false, true].into_iter().flat_map(|failed| {
            let sizes = sizes.iter().copied();
            sizes.map(move |tasks| list::Page { tasks, failed })
        });
        let pages: Vec<_> = pages.collect();
        let mut rows = Vec::new();
        for callers in self.callers(Workload::List, progress) {
            rows.extend(list::measure(environment, &pages, callers, self.seconds).await?);
        }
        Ok(rows)
    }
}
