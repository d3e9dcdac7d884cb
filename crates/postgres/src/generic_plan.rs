//! What a statement reads with its generic plan, for the tests of all contexts.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_domain::repository::Operation;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;

use crate::prepared_plans;

/// Executes the generic plan of a statement with the given parameters, and explains it.
pub(crate) struct GenericPlan<'e> {
    pub(crate) sql: &'e str,
    pub(crate) types: &'e str,
    pub(crate) parameters: &'e str,
}

impl PgOperation for GenericPlan<'_> {
    type Output = String;

    const OPERATION: Operation = Operation::once("generic_plan");

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<String, StoreError> {
        let Self {
            sql,
            types,
            parameters,
        } = self;
        let prepare = format!("DEALLOCATE ALL; PREPARE statement ({types}) AS {sql}");
        connection.batch_execute(&prepare).await?;
        let explain = format!(
            "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) \
             EXECUTE statement ({parameters})"
        );
        prepared_plans::plan(connection, explain).await
    }
}

/// The number of pages that the plan read, apart from those that its writes read.
pub(crate) fn pages(plan: &str) -> u64 {
    let mut lines = plan.lines();
    let counts = lines.find_map(|line| line.trim().strip_prefix("Buffers: shared "));
    let counts = counts.unwrap_or_default().split(' ');
    let read = counts.filter_map(|count| {
        let (kind, pages) = count.split_once('=')?;
        let pages: u64 = pages.parse().ok()?;
        ["hit", "read"].contains(&kind).then_some(pages)
    });
    read.sum()
}
