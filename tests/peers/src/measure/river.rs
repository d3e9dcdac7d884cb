//! River, a job queue, through its client for Rust.
//!
//! Unlike Tasktrail, it runs what it records. It fetches as many jobs as it has free workers in one
//! statement, and completes many jobs in one statement: a worker that returns does not wait until
//! its completion is durable. It keeps one row for each job: no attempts of their own, dependencies,
//! agents or audit log.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use riverqueue::migrate::PostgresMigrator;
use riverqueue::sqlx::postgres::{PgPool, PgPoolOptions};
use riverqueue::sqlx::query_scalar;
use riverqueue::{
    BoxError, Client, InsertManyItem, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers,
};
use serde::{Deserialize, Serialize};
use tasktrail_test_support::TestDatabase;

use crate::drive::CONNECTIONS;
use crate::figures::Figures;

/// Jobs that are inserted for each second of the measurement: more than it completes.
const JOBS_PER_SECOND: u32 = 12_000;

/// The shortest time between two fetches that it allows. The default, 100 ms, would be its limit.
const COOLDOWN: Duration = Duration::from_millis(1);

#[derive(Clone, Debug, Deserialize, JobArgs, Serialize)]
#[river(kind = "nothing")]
struct Nothing {
    number: u32,
}

async fn done(_context: WorkContext, _job: Job<Nothing>) -> Result<WorkOutcome, BoxError> {
    Ok(WorkOutcome::Complete)
}

/// Measures fetched and completed jobs, with a number of workers.
pub(crate) async fn dispatch(
    database: &TestDatabase,
    workers: u32,
    time: Duration,
) -> Result<Figures> {
    let pool = PgPoolOptions::new()
        .min_connections(CONNECTIONS)
        .max_connections(CONNECTIONS)
        .connect(&database.url())
        .await?;
    PostgresMigrator::new(pool.clone()).migrate_up().await?;
    let mut registered = Workers::new();
    registered.add_fn(done)?;
    let client = Client::builder(pool.clone())
        .workers(registered)
        .fetch_cooldown(COOLDOWN)
        .queue("default", QueueConfig::new(usize::try_from(workers)?))
        .build()?;
    let jobs = u32::try_from(time.as_secs())? * JOBS_PER_SECOND;
    for first in (0..jobs).step_by(5000) {
        let portion = (first..jobs.min(first + 5000)).map(|number| Nothing { number });
        let portion = portion.map(InsertManyItem::from);
        client.insert_many::<Nothing, _>(portion).await?;
    }

    let began = Instant::now();
    let mut run = client.start()?;
    tokio::time::sleep(time).await;
    // Waits until what was done is recorded.
    run.stop().await?;
    let elapsed = began.elapsed();

    let completed = completed(&pool).await?;
    pool.close().await;
    if completed == jobs {
        return Err(anyhow!("all {jobs} jobs were done before the end"));
    }
    Ok(Figures::per_second(
        f64::from(completed) / elapsed.as_secs_f64(),
    ))
}

async fn completed(pool: &PgPool) -> Result<u32> {
    let count = "SELECT count(*) FROM river_job WHERE state = 'completed'";
    let count: i64 = query_scalar(count).fetch_one(pool).await?;
    Ok(u32::try_from(count)?)
}
