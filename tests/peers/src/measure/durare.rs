//! durare, a library for durable execution, through the interface of its engine that records steps.
//!
//! Unlike Tasktrail, it runs what it records, and keeps no revisions of a step. Each step is
//! recorded as its engine does it (`StateProvider::record_step_result`: one statement, one row, as
//! text). Each task of ten steps is a workflow, which two statements insert first. The engine also
//! checks before each step whether it was recorded; this check is left out. The sqlx pool with
//! default settings tests a connection before it hands it out, and when it gets it back: two more
//! round trips, of which the caller waits for one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use durare::{PostgresProvider, STATUS_PENDING, StateProvider, WorkflowStatus};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use tasktrail::task_history::HistoryEntry;
use tasktrail_test_support::TestDatabase;

use crate::drive::{CONNECTIONS, Caller, drive};
use crate::figures::Figures;
use crate::workload::Workload;

/// The name of the process that runs the workflows.
const EXECUTOR: &str = "local";

pub(crate) async fn saves(
    database: &TestDatabase,
    callers: u32,
    time: Duration,
) -> Result<Figures> {
    let pool = PgPoolOptions::new()
        .min_connections(CONNECTIONS)
        .max_connections(CONNECTIONS)
        .connect(&database.url())
        .await?;
    let provider: Arc<dyn StateProvider> = Arc::new(PostgresProvider::from_pool(pool.clone()));
    provider.init().await?;
    let callers = (0..callers).map(|caller| {
        Ok(Recorder {
            provider: Arc::clone(&provider),
            workload: Workload::of(caller)?,
        })
    });
    let figures = drive(callers.collect::<Result<_>>()?, time).await?;
    pool.close().await;
    Ok(figures)
}

struct Recorder {
    provider: Arc<dyn StateProvider>,
    workload: Workload,
}

impl Caller for Recorder {
    async fn call(&mut self) -> Result<()> {
        let entry = self.workload.next()?;
        let workflow = entry.task.to_string();
        let step = entry.step.get();
        if step == 0 {
            self.begin(&workflow).await?;
        }
        self.record(&workflow, step, &entry).await
    }
}

impl Recorder {
    async fn begin(&self, workflow: &str) -> Result<()> {
        let status =
            WorkflowStatus::new(workflow, "task", Value::Null, STATUS_PENDING, EXECUTOR, "");
        let (_, created) = self.provider.insert_workflow_status(status).await?;
        anyhow::ensure!(created, "the workflow {workflow} existed already");
        Ok(())
    }

    async fn record(&self, workflow: &str, step: i32, entry: &HistoryEntry) -> Result<()> {
        let result = &entry.step_result;
        let began = entry.recorded_at.to_datetime().timestamp_millis();
        self.provider
            .record_step_result(
                workflow,
                step,
                result.step().as_ref(),
                serde_json::to_value(result)?,
                None,
                Some(began),
                Some(EXECUTOR),
            )
            .await?;
        Ok(())
    }
}
