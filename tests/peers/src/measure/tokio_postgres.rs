//! tokio-postgres with a deadpool pool. It sends Tasktrail's statement for one entry, prepared once
//! on each connection.

use std::time::Duration;

use anyhow::Result;
use deadpool_postgres::{Manager, Pool};
use futures_util::future::try_join_all;
use tasktrail::task_history::HistoryEntry;
use tasktrail_test_support::TestDatabase;
use tokio_postgres::NoTls;
use tokio_postgres::types::Type;

use crate::drive::{CONNECTIONS, Caller, drive};
use crate::figures::Figures;
use crate::statement;
use crate::workload::Workload;

const TYPES: [Type; 8] = [
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT4_ARRAY,
    Type::UUID_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::JSONB_ARRAY,
];

pub(crate) async fn saves(
    database: &TestDatabase,
    callers: u32,
    time: Duration,
) -> Result<Figures> {
    let manager = Manager::new(database.url().parse()?, NoTls);
    let pool = Pool::builder(manager)
        .max_size(usize::try_from(CONNECTIONS)?)
        .build()?;
    let statement = statement::save();
    warm_up(&pool, &statement).await?;
    let callers = (0..callers).map(|caller| {
        Ok(Saver {
            pool: pool.clone(),
            statement: statement.clone(),
            workload: Workload::of(caller)?,
        })
    });
    drive(callers.collect::<Result<_>>()?, time).await
}

/// Opens all connections and prepares the statement on each.
async fn warm_up(pool: &Pool, statement: &str) -> Result<()> {
    let clients = try_join_all((0..CONNECTIONS).map(|_| pool.get())).await?;
    for client in clients {
        client.prepare_typed_cached(statement, &TYPES).await?;
    }
    Ok(())
}

struct Saver {
    pool: Pool,
    statement: String,
    workload: Workload,
}

impl Caller for Saver {
    async fn call(&mut self) -> Result<()> {
        let entry = self.workload.next()?;
        let client = self.pool.get().await?;
        let statement = client.prepare_typed_cached(&self.statement, &TYPES).await?;
        let HistoryEntry {
            task, step_result, ..
        } = &entry;
        let rows = client
            .query(
                &statement,
                &[
                    &[task.user.as_str()].as_slice(),
                    &[task.task.as_str()].as_slice(),
                    &[entry.step.get()].as_slice(),
                    &[entry.id.as_uuid()].as_slice(),
                    &[entry.recorded_at.to_datetime()].as_slice(),
                    &[step_result.status().as_str()].as_slice(),
                    &[None::<&str>].as_slice(),
                    &[serde_json::to_value(step_result)?].as_slice(),
                ],
            )
            .await?;
        anyhow::ensure!(rows.len() == 1, "the entry was not added");
        Ok(())
    }
}
