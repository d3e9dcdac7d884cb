//! Tests the plans of frequent reads on a filled store: index ranges, independent of how many tasks
//! a user has.

use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{Operation, PageRequest};
use tasktrail_domain::task_history::operation;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::statement::{Prepared, Statement};
use tasktrail_test_support::TestDatabase;

use super::PostgresTaskHistory;
use super::explain::Explain;
use super::list::{List, ListWithErrorCode};
use super::load::{self, SelectSteps, SelectTrail};
use super::statuses::Statuses;
use crate::generic_plan::GenericPlan;
pub(super) use crate::generic_plan::pages;
use crate::{PostgresConfig, PostgresDatabase};

const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) ";

/// A store in which one user has 100 tasks, another 100 000, few of them failed, and 5 000 have 20
/// each. So the statistics of the analyzed tables suggest that users have few tasks.
async fn filled() -> (TestDatabase, PostgresTaskHistory<'static>) {
    let database = TestDatabase::new();
    let histories = filled_in(&database).await;
    (database, histories)
}

pub(super) async fn filled_in(database: &TestDatabase) -> PostgresTaskHistory<'static> {
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_connections(1, 1)
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    for statement in FILL {
        TestDatabase::execute(database, statement).unwrap();
    }
    postgres.task_history()
}

/// Waits for the log of the last commit. Test servers commit asynchronously, and VACUUM cannot mark
/// pages as all-visible for commits that are not in the log yet.
const FILL: [&str; 4] = [
    "INSERT INTO task_summary (user_id, task_id, step_status, error_code, last_step, last_entry,
                              entries, created_at, last_updated)
    SELECT owner.user_id, 'task-' || n,
           CASE WHEN n % 5000 = 7 THEN 'failed' ELSE 'completed' END,
           CASE WHEN n % 5000 = 7 THEN 'E003' END, 1, n, 2, now(), now() - n * interval '1 minute'
    FROM (VALUES ('small', 100), ('large', 100000)
          UNION ALL SELECT 'user-' || n, 20 FROM generate_series(1, 5000) AS n) AS owner (user_id, tasks),
         generate_series(1, owner.tasks) AS n",
    "SET synchronous_commit = on;
    INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
    SELECT 'large', 'task-' || n % 1000, n / 1000, gen_random_uuid(), now(), 'completed', '{}'
    FROM generate_series(1, 100000) AS n",
    "VACUUM ANALYZE task_summary",
    "VACUUM ANALYZE task_history",
];

/// Explains a query on the connection of a repository.
struct Plan<Q>(Q);

impl<Q: QueryFragment<Pg> + Send + Sync> PgOperation for Plan<Q> {
    type Output = String;

    const OPERATION: Operation = operation::LIST;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<String, StoreError> {
        let lines: Vec<String> = Explain(EXPLAIN, &self.0).load(connection).await?;
        Ok(lines.join("\n"))
    }
}

async fn plan<Q>(histories: &PostgresTaskHistory<'_>, query: Q) -> String
where
    Q: QueryFragment<Pg> + Send + Sync,
{
    histories.run(Plan(query)).await.unwrap()
}

pub(super) async fn generic_plan(
    histories: &PostgresTaskHistory<'_>,
    sql: &str,
    types: &str,
    parameters: &str,
) -> String {
    let plan = GenericPlan {
        sql,
        types,
        parameters,
    };
    histories.run(plan).await.unwrap()
}

async fn page_plan(histories: &PostgresTaskHistory<'_>, sql: &str, parameters: &str) -> String {
    let types = "text[], text, timestamptz, timestamptz, text, bigint, text, bool";
    generic_plan(histories, sql, types, parameters).await
}

#[tokio::test]
async fn page_costs_the_same_for_100_and_for_100_000_tasks() {
    let (_database, histories) = filled().await;
    let cost = async |user: &str, statuses: &str| {
        let parameters =
            format!("'{statuses}', '{user}', '-infinity', 'infinity', '', 101, '', NULL");
        let plan = page_plan(&histories, List::SQL, &parameters).await;
        assert!(
            !plan.contains("Seq Scan") && !plan.contains("->  Sort"),
            "{plan}"
        );
        pages(&plan)
    };
    let all = "{pending,running,completed,cancelled,timed_out,failed}";
    // Not counting what the first plan of a session reads from the catalogs.
    cost("small", all).await;

    let small = cost("small", all).await;
    let large = cost("large", all).await;
    let rare = cost("large", "{failed}").await;

    assert!(
        large <= small * 13 / 10 + 2,
        "{small} pages for 100 tasks, {large} for 100 000"
    );
    // 20 of 100 000 tasks, each on its own page, and the index pages.
    assert!(rare <= 30, "{rare} pages for the rare ones");
}

#[tokio::test]
async fn tasks_with_an_error_code_are_one_range_of_their_index() {
    let (_database, histories) = filled().await;
    let parameters =
        "'{completed,failed}', 'large', '-infinity', 'infinity', '', 101, 'E003', NULL";

    let plan = page_plan(&histories, ListWithErrorCode::SQL, parameters).await;

    assert!(plan.contains("task_summary_error_code_idx"), "{plan}");
    assert!(!plan.contains("Seq Scan") && pages(&plan) <= 40, "{plan}");
}

#[tokio::test]
async fn batched_status_checks_are_one_probe_each() {
    let (_database, histories) = filled().await;
    let tasks: Vec<_> = (1..=50)
        .map(|n| TaskKey::new("large", format!("task-{}", n * 1999)).unwrap())
        .collect();

    let plan = plan(&histories, Prepared(Statuses::of(&tasks))).await;

    assert!(
        plan.contains("task_summary_pkey") && plan.contains("Nested Loop"),
        "{plan}"
    );
    assert!(pages(&plan) <= 5 * 50, "{plan}");
}

#[tokio::test]
async fn reads_of_a_task_are_index_ranges() {
    let (_database, histories) = filled().await;
    let task = TaskKey::new("large", "task-7").unwrap();

    let status = plan(&histories, load::select_status(&task.user, &task.task)).await;
    let first = Prepared(SelectSteps::of(&task, &PageRequest::default()));
    let steps = plan(&histories, first).await;
    let first = Prepared(SelectTrail::of(&task, &PageRequest::default()));
    let trail = plan(&histories, first).await;

    assert!(
        status.contains("task_summary_pkey") && pages(&status) <= 5,
        "{status}"
    );
    assert!(
        steps.contains("task_history_step_idx") && !steps.contains("->  Sort"),
        "{steps}"
    );
    assert!(
        trail.contains("task_history_step_idx") && !trail.contains("Seq Scan"),
        "{trail}"
    );
    // A page of 100 rows on as many pages of the table, and the index pages.
    assert!(pages(&steps) <= 120, "{steps}");
    assert!(pages(&trail) <= 120, "{trail}");
}

#[tokio::test]
async fn page_is_limited_by_bytes_without_reading_the_results() {
    let (database, histories) = filled().await;
    let large = "UPDATE task_history
        SET result = to_jsonb((SELECT string_agg(md5((n + step)::text), '') FROM generate_series(1, 8192) AS n))
        WHERE task_id = 'task-7'";
    TestDatabase::execute(&database, large).unwrap();
    TestDatabase::execute(&database, "VACUUM ANALYZE task_history").unwrap();
    let task = TaskKey::new("large", "task-7").unwrap();

    for plan in [
        plan(
            &histories,
            Prepared(SelectSteps::of(&task, &PageRequest::default())),
        )
        .await,
        plan(
            &histories,
            Prepared(SelectTrail::of(&task, &PageRequest::default())),
        )
        .await,
    ] {
        // The 100 results of 256 KiB take more than 3 200 pages.
        assert!(pages(&plan) <= 300, "{plan}");
    }
}
