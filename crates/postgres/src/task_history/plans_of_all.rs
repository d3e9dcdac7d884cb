//! Tests that every statement of the port reads index ranges, never a whole table.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::operation;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::statement::Statement as _;
use tasktrail_test_support::TestDatabase;
use tasktrail_test_support::statement_plans::{beyond_index_ranges, files_without_a_plan};

use super::plans::filled_in;
use super::prepared_once::one_of_each;
use super::retention::LastKeptOfUser;

#[derive(QueryableByName)]
struct PreparedStatement {
    #[diesel(sql_type = Text)]
    statement: String,
    #[diesel(sql_type = Text)]
    execute: String,
}

/// Prepares the statements of [`RARE`].
struct PrepareRare;

impl PgOperation for PrepareRare {
    type Output = ();

    const OPERATION: Operation = operation::COUNT;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<(), StoreError> {
        for (number, (sql, types)) in RARE.iter().enumerate() {
            let prepare = format!("PREPARE rare_{number} ({types}) AS {sql}");
            connection.batch_execute(&prepare).await?;
        }
        Ok(())
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    text: String,
}

/// The generic plans of all statements that the connection has prepared, by text.
struct Plans;

impl PgOperation for Plans {
    type Output = BTreeMap<String, String>;

    const OPERATION: Operation = operation::COUNT;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let prepared = "
            SELECT statement, format('EXECUTE %I', name) || CASE WHEN parameter_types <> '{}' THEN
                   '(' || array_to_string(array_fill('NULL'::text, ARRAY[cardinality(parameter_types)]), ',') || ')'
                   ELSE '' END AS execute
            FROM pg_prepared_statements WHERE statement LIKE '%task\\_%' AND statement NOT LIKE '%pg_prepared%'";
        let prepared: Vec<PreparedStatement> = diesel::sql_query(prepared).load(connection).await?;
        let mut plans = BTreeMap::new();
        for PreparedStatement { statement, execute } in prepared {
            let explain = format!("EXPLAIN (COSTS OFF) {execute}");
            let lines: Vec<Line> = diesel::sql_query(explain).load(connection).await?;
            let lines: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
            plans.insert(statement, lines.join("\n"));
        }
        Ok(plans)
    }
}

/// Statements that a call on a small store does not need, with the types of their parameters.
const RARE: [(&str, &str); 6] = [
    (include_str!("sql/locked.sql"), "text[], text[]"),
    (
        LastKeptOfUser::SQL,
        "text, text, text, text, text, text, bigint",
    ),
    (include_str!("sql/export_totals.sql"), EXPORTED),
    (
        include_str!("sql/export_tasks.sql"),
        "text, text, text, timestamptz, timestamptz, bigint",
    ),
    (include_str!("sql/export_entries.sql"), "text[], text[]"),
    (include_str!("sql/largest.sql"), "text, text, text, text"),
];

const EXPORTED: &str = "text, text, text, timestamptz, timestamptz";

#[tokio::test]
async fn every_statement_reads_index_ranges_only() {
    let database = TestDatabase::new();
    let histories = filled_in(&database).await;
    one_of_each(&histories, &Writer::default(), 0).await;
    histories.run(PrepareRare).await.unwrap();

    let plans = histories.run(Plans).await.unwrap();

    for (statement, plan) in &plans {
        let beyond = beyond_index_ranges(plan);
        assert_eq!(beyond, None, "in the plan of\n{statement}\n{plan}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/task_history/sql");
    let without = files_without_a_plan(&folder, plans.keys().map(String::as_str)).unwrap();
    assert_eq!(
        without, [""; 0],
        "call them in one_of_each, or add them to RARE"
    );
}
