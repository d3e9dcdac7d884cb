use std::time::{Duration, Instant};

use tasktrail::task_history::{Removal, RemovalBatch, RetentionPolicy, TaskHistoryRepositoryExt};

use super::Work;
use crate::command::bench::entries::{STEPS, Stamps, fetched, load, task};
use crate::command::bench::figures::{Row, Written};
use crate::command::bench::ground::Ground;
use crate::command::bench::measured::{Latencies, Measured, Resident};
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes so many tasks of ten entries, batch by batch. A latency is that of a batch.
pub(in crate::command::bench) async fn measure(
    ground: &Ground,
    tasks: u32,
    progress: &Progress,
) -> Result<Row, Failure> {
    let mut stamps = Stamps::default();
    let now = stamps.time(Instant::now());
    prepare(ground, tasks, &mut stamps, progress).await?;
    progress.measures("cleanup");
    let policy = RetentionPolicy::older_than(now.saturating_sub(DAY * 30));
    let before = ground.statistics().await?;
    let manager = ground.open(true).await?;
    let (mut latencies, mut resident) = (Latencies::default(), Resident::default());
    let (began, mut since, mut gone) = (Instant::now(), Instant::now(), 0);
    let removed = manager
        .task_history()?
        .remove_all_expired(&policy, RemovalBatch::default(), |so_far: &Removal| {
            let now = Instant::now();
            // The end of the walk is no batch.
            if so_far.tasks > gone {
                latencies.record(now - since);
                resident.look();
            }
            (gone, since) = (so_far.tasks, now);
        })
        .await?;
    let took = began.elapsed();
    let done = ground.statistics().await?;
    manager.close().await;
    let after = ground
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
    Ok(Row::of_writing(Work::Cleanup, 1, &measured, &written))
}

/// Loads tasks whose last activity was two months ago.
async fn prepare(
    ground: &Ground,
    tasks: u32,
    stamps: &mut Stamps,
    progress: &Progress,
) -> Result<(), Failure> {
    ground.clear().await?;
    progress.loads("steps for cleanup", u64::from(tasks) * u64::from(STEPS));
    let result = fetched()?;
    let old = stamps.time(Instant::now()).saturating_sub(DAY * 60);
    let steps = (0..tasks).flat_map(|number| (0..STEPS).map(move |step| (number, step)));
    let entries =
        steps.map(|(number, step)| Ok(stamps.entry(task(number)?, step, result.clone(), old)));
    load(&ground.manager.task_history()?, entries, progress).await
}
