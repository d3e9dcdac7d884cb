use std::time::{Duration, Instant};

use tasktrail::task_history::{
    RemovalLimits, RemovalResult, RetentionPolicy, TaskHistoryRepositoryExt,
};

use super::Workload;
use super::row::{Row, Written};
use crate::command::bench::entries::{STEPS, StampGenerator, fetched, load, task};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::{Latencies, Measured, Resident};
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Measures the removal of `tasks` tasks with ten entries each. A latency is that of a batch.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    tasks: u32,
    progress: &Progress,
) -> Result<Row, Failure> {
    let mut stamps = StampGenerator::default();
    let now = stamps.time(Instant::now());
    prepare(environment, tasks, &mut stamps, progress).await?;
    progress.start_measuring("cleanup");
    let policy = RetentionPolicy::every_task_before(now.saturating_sub(DAY * 30));
    let before = environment.statistics().await?;
    let manager = environment.open(true).await?;
    let (mut latencies, mut resident) = (Latencies::default(), Resident::default());
    let (began, mut since, mut removed_tasks) = (Instant::now(), Instant::now(), 0);
    let removed = manager
        .task_history()?
        .remove_all_expired(
            &policy,
            RemovalLimits::default(),
            |so_far: &RemovalResult| {
                let now = Instant::now();
                // The last call of the callback is not a batch.
                if so_far.tasks > removed_tasks {
                    latencies.record(now - since);
                    resident.sample();
                }
                (removed_tasks, since) = (so_far.tasks, now);
            },
        )
        .await?;
    let took = began.elapsed();
    let done = environment.statistics().await?;
    manager.close().await;
    let after = environment
        .statistics_when(|now| now.entries.rows_died >= before.entries.rows_died + removed.entries)
        .await?;
    let measured = Measured {
        count: removed.entries,
        took,
        latencies,
        resident,
    };
    let written = Written {
        log_bytes: done.log_bytes.saturating_sub(before.log_bytes),
        rows_died: Written::rows_died(&before, &after),
        by: removed.entries,
    };
    Ok(Row::of_writing(Workload::Cleanup, 1, &measured, &written))
}

/// Loads tasks whose last activity was 60 days ago.
async fn prepare(
    environment: &BenchEnvironment,
    tasks: u32,
    stamps: &mut StampGenerator,
    progress: &Progress,
) -> Result<(), Failure> {
    environment.clear().await?;
    progress.start_loading("steps for cleanup", u64::from(tasks) * u64::from(STEPS));
    let result = fetched()?;
    let old = stamps.time(Instant::now()).saturating_sub(DAY * 60);
    let steps = (0..tasks).flat_map(|number| (0..STEPS).map(move |step| (number, step)));
    let entries =
        steps.map(|(number, step)| Ok(stamps.entry(task(number)?, step, result.clone(), old)));
    load(&environment.manager.task_history()?, entries, progress).await
}
