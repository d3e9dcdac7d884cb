//! durare, a library for durable execution, by the interface that its engine records steps with.
//!
//! It runs what it records, which we do not, and keeps neither revisions of a step nor a list of a user's
//! tasks. Each step here is recorded as its engine does it (`StateProvider::record_step_result`: one statement,
//! one row, in text), and each task of ten steps is a workflow, which is inserted first (two
//! statements). Its engine also looks whether a step was recorded before it runs one; that is left out.
//! The pool is that of sqlx with its defaults, which asks a connection whether it lives before it lends it, and
//! again when it gets it back: a second and a third round trip, of which the caller waits for one.

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
        anyhow::ensure!(created, "the workflow {workflow} was there");
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
