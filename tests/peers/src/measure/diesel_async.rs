//! diesel-async with a bb8 pool, both with default settings. It sends Tasktrail's statement for one
//! entry as a `sql_query`, which diesel prepares again for each call.

use std::time::Duration;

use anyhow::Result;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{QueryableByName, sql_query};
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_test_support::TestDatabase;
use uuid::Uuid;

use crate::drive::{CONNECTIONS, Caller, drive};
use crate::figures::Figures;
use crate::statement;
use crate::workload::Workload;

pub(crate) async fn saves(
    database: &TestDatabase,
    callers: u32,
    time: Duration,
) -> Result<Figures> {
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(database.url());
    // The minimum equals the maximum, so that all connections are open from the start.
    let pool = Pool::builder()
        .max_size(CONNECTIONS)
        .min_idle(CONNECTIONS)
        .build(manager)
        .await?;
    let callers = (0..callers).map(|caller| {
        Ok(Saver {
            pool: pool.clone(),
            statement: statement::save(),
            workload: Workload::of(caller)?,
        })
    });
    drive(callers.collect::<Result<_>>()?, time).await
}

struct Saver {
    pool: Pool<AsyncPgConnection>,
    statement: String,
    workload: Workload,
}

#[derive(QueryableByName)]
struct Saved {
    #[diesel(sql_type = SqlUuid)]
    entry_id: Uuid,
}

impl Caller for Saver {
    async fn call(&mut self) -> Result<()> {
        let entry = self.workload.next()?;
        let (task, step_result) = (&entry.task, &entry.step_result);
        let mut connection = self.pool.get().await?;
        let saved: Saved = sql_query(&self.statement)
            .bind::<Array<Text>, _>([task.user.as_str()].as_slice())
            .bind::<Array<Text>, _>([task.task.as_str()].as_slice())
            .bind::<Array<Integer>, _>([entry.step.get()].as_slice())
            .bind::<Array<SqlUuid>, _>([entry.id.as_uuid()].as_slice())
            .bind::<Array<Timestamptz>, _>([entry.recorded_at.to_datetime()].as_slice())
            .bind::<Array<Text>, _>([step_result.status().as_str()].as_slice())
            .bind::<Array<Nullable<Text>>, _>([None::<&str>].as_slice())
            .bind::<Array<Jsonb>, _>([serde_json::to_value(step_result)?].as_slice())
            .get_result(&mut connection)
            .await?;
        anyhow::ensure!(
            saved.entry_id == entry.id.as_uuid(),
            "the wrong number of entries was added"
        );
        Ok(())
    }
}
