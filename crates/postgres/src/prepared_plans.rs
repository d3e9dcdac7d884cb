//! The plans of the statements that a connection has prepared, for the tests of all contexts.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::repository::Operation;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;

/// Prepares the given statements, each with the types of its parameters, and returns the generic
/// plans of all prepared statements that name a table with users, by text.
///
/// Run it on a pool of one connection, after calls that need the other statements.
pub(crate) struct PreparedPlans<'s>(pub(crate) &'s [(&'s str, &'s str)]);

#[derive(QueryableByName)]
struct PreparedStatement {
    #[diesel(sql_type = Text)]
    statement: String,
    #[diesel(sql_type = Text)]
    execute: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    text: String,
}

const PREPARED: &str = "
    SELECT statement, format('EXECUTE %I', name) || CASE WHEN parameter_types <> '{}' THEN
           '(' || array_to_string(array_fill('NULL'::text, ARRAY[cardinality(parameter_types)]), ',') || ')'
           ELSE '' END AS execute
    FROM pg_prepared_statements
    WHERE EXISTS (SELECT FROM information_schema.columns
                  WHERE table_schema = current_schema() AND column_name = 'user_id'
                    AND strpos(statement, table_name) > 0)";

impl PgOperation for PreparedPlans<'_> {
    type Output = BTreeMap<String, String>;

    const OPERATION: Operation = Operation::read("prepared_plans");

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        for (number, (sql, types)) in self.0.iter().enumerate() {
            let prepare = format!("PREPARE rare_{number} ({types}) AS {sql}");
            connection.batch_execute(&prepare).await?;
        }
        let prepared: Vec<PreparedStatement> = diesel::sql_query(PREPARED).load(connection).await?;
        let mut plans = BTreeMap::new();
        for PreparedStatement { statement, execute } in prepared {
            let explain = format!("EXPLAIN (COSTS OFF) {execute}");
            plans.insert(statement, plan(connection, explain).await?);
        }
        Ok(plans)
    }
}

/// Runs an `EXPLAIN` and returns its output.
pub(crate) async fn plan(
    connection: &mut AsyncPgConnection,
    explain: String,
) -> Result<String, StoreError> {
    let lines: Vec<Line> = diesel::sql_query(explain).load(connection).await?;
    let lines: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    Ok(lines.join("\n"))
}
