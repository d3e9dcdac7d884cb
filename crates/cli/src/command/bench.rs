//! Benchmarks of a database.

mod callers;
mod entries;
mod environment;
mod measured;
mod progress;
mod report;
mod workload;

use std::time::Duration;

use clap::Args;
use serde::{Serialize, Serializer};

use self::environment::BenchEnvironment;
use self::progress::Progress;
use self::workload::row::Row;
use self::workload::{
    Workload, cleanup, dispatch, heartbeat, import, list, load, plan, save, status,
};
use crate::args::{Global, seconds_between};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, note};

/// Measure the performance of a database: saves, reads, an import, a cleanup, and orchestration.
#[derive(Debug, Args)]
#[command(long_about = MANUAL)]
#[command(after_help = "\
Examples:
  createdb bench
  tasktrail bench --database-url postgres://app@localhost/bench
  tasktrail bench --only save --callers 64 --seconds 10
  tasktrail bench --only status,load --format json | jq '.results[].p99_ms'")]
pub(crate) struct BenchArgs {
    /// Run only these workloads, separated by spaces or commas. Default: all.
    #[arg(long, value_name = "WORKLOAD", value_enum, num_args = 1.., value_delimiter = ',')]
    only: Vec<Workload>,

    /// Numbers of concurrent callers to measure with: 1 to 10000 each. Default: 1 16 64 256 1024
    /// for save and status, 1 16 for load and list, 4 for plan, 1 32 for dispatch and heartbeat.
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    callers: Vec<u32>,

    /// Duration of each measurement in seconds: 0.1 to 3600. The import and the cleanup run to
    /// completion instead.
    #[arg(long, value_name = "N", default_value = "3", value_parser = seconds)]
    seconds: Duration,

    /// Number of connections that the callers share: 1 to 10000.
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,

    #[command(flatten)]
    sizes: Sizes,
}

/// Sizes of the data sets.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data sizes")]
struct Sizes {
    /// Number of tasks for the workload status, of 100 users, with 10 steps each.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    status_tasks: u32,

    /// Numbers of tasks per user for the workload list; one user for each number.
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',')]
    #[arg(default_values_t = [100, 10_000, 1_000_000])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    list_tasks: Vec<u32>,

    /// Number of lines in the imported file.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    import_lines: u32,

    /// Number of tasks that the workload cleanup removes, with 10 steps each.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    cleanup_tasks: u32,

    /// Number of tasks that the workload dispatch claims from, with two dependencies each.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    dispatch_tasks: u32,
}

const MANUAL: &str = "\
Measure the performance of a database: saves, reads, an import, a cleanup, and orchestration.

Use a database that is empty or contains only an empty Tasktrail schema. A database with histories
or other tables is refused, and so is a second benchmark at the same time. The benchmark creates the
schema tasktrail_bench and removes it at the end, also after an error or Ctrl-C. If a benchmark is
killed, the next one removes its schema. A run takes about four minutes, and up to 2 GB on the
server.

Workloads (each loads its own data into empty tables):
  save     each caller saves step after step, in tasks of 10 steps of its own user; measured with
           and without group commit, in alternation
  status   each caller reads the status of a random task, one of 10 000
  load     each caller loads all 100 steps of a random task, with a result of 256 bytes per step
  list     each caller lists the first page (100 tasks) of a user with 100, 10 000 or 1 000 000
           tasks: all tasks, and only failed tasks (1 in 1000, so these pages have 1, 10 and 100)
  import   a gzip file of 100 000 lines, including decompression and parsing
  cleanup  20 000 old tasks with 200 000 entries, removed in batches of 100 tasks
  plan     each caller creates plans of 100 tasks and 200 dependencies
  dispatch each caller is an agent that claims one of 100 000 tasks, and reports that it is completed
  heartbeat
           each caller sends heartbeats of 32 agents

Columns:
  callers     number of concurrent callers, which share the connections; each caller sends its next
              call when the last one has returned
  per second  saves, reads, imported lines, removed entries, created tasks, claims with their
              report, or heartbeats
  p50 … max   latency percentiles and maximum, in milliseconds: of a call; for import, of a chunk of
              up to 2000 lines; for cleanup, of a batch; for plan, of a plan
  WAL bytes   write-ahead log per entry; includes the other databases of the server
  dead rows   dead row versions per entry of a history
  memory      peak resident memory of this process

A narrow terminal omits p95 and memory.

JSON: {\"server\", \"version\", \"connections\", \"seconds\", \"results\"}. A result has \"workload\",
\"callers\", \"group_commit\" (null except for save), \"tasks\" and \"filter\" (null except for list),
\"count\" (operations measured), \"per_second\", \"p50_ms\", \"p90_ms\", \"p95_ms\", \"p99_ms\",
\"max_ms\", \"wal_bytes\" (null for reads), \"dead_rows\" (null except for save, import and cleanup), and
\"resident_bytes\".";

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
    let _shutdown_delay = global.interrupt.delay_exit().await;
    let environment = BenchEnvironment::create(config, args.connections).await?;
    let measured = tokio::select! {
        measured = args.measure(&environment) => measured,
        () = global.interrupt.signalled() => Err(Failure::error("interrupted")),
    };
    let removed = environment.remove().await;
    global.interrupt.set_outcome(match removed {
        Ok(()) => "the schema tasktrail_bench was removed",
        Err(_) => "the schema tasktrail_bench was not removed; the next benchmark removes it",
    });
    let (server, rows) = match (measured, removed) {
        (Ok(measured), removed) => removed.map(|()| measured)?,
        (Err(failure), Ok(())) => return Err(failure),
        (Err(failure), Err(left)) => {
            let why = left.message();
            note(format_args!(
                "cannot remove the schema tasktrail_bench; the next benchmark removes it: {why}"
            ));
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
    /// Returns the version of the server, and the rows in the order of the workloads.
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
            Workload::Plan => self.plans(environment, progress).await,
            Workload::Dispatch => self.dispatches(environment, progress).await,
            Workload::Heartbeat => self.heartbeats(environment, progress).await,
        }
    }

    /// The numbers of callers; shows each one in the progress line before it is measured.
    fn callers(&self, workload: Workload, progress: &Progress) -> impl Iterator<Item = u32> {
        let callers = if self.callers.is_empty() {
            workload.callers()
        } else {
            &self.callers
        };
        callers.iter().copied().inspect(move |callers| {
            progress.start_measuring(&format!("{} with {callers} callers", workload.name()));
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

    async fn plans(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for callers in self.callers(Workload::Plan, progress) {
            rows.push(plan::measure(environment, callers, self.seconds).await?);
        }
        Ok(rows)
    }

    async fn dispatches(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        dispatch::prepare(environment, self.sizes.dispatch_tasks, progress).await?;
        for callers in self.callers(Workload::Dispatch, progress) {
            rows.push(dispatch::measure(environment, callers, self.seconds).await?);
        }
        Ok(rows)
    }

    async fn heartbeats(
        &self,
        environment: &BenchEnvironment,
        progress: &Progress,
    ) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        for callers in self.callers(Workload::Heartbeat, progress) {
            rows.push(heartbeat::measure(environment, callers, self.seconds).await?);
        }
        Ok(rows)
    }
}
