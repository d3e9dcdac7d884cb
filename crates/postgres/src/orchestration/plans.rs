//! Tests the plans of tasks on a filled store: they read index ranges, and cost the same however
//! many tasks an owner has.

use tasktrail_postgres_client::statement::Statement as _;
use tasktrail_test_support::TestDatabase;

use super::PostgresOrchestration;
use super::plans_of_all::{fill, on_one_connection};
use super::settling::LockDependants;
use super::tasks::{CreateTasks, ListParts, ListTasks, LockDescendants};
use crate::generic_plan::{GenericPlan, pages};

/// A store in which `small` has 100 tasks, and `large` 50 000: see [`fill`].
async fn filled() -> (TestDatabase, PostgresOrchestration<'static>) {
    let database = TestDatabase::new();
    let orchestration = on_one_connection(&database).await;
    fill(&database);
    (database, orchestration)
}

async fn plan(
    orchestration: &PostgresOrchestration<'_>,
    sql: &str,
    types: &str,
    parameters: &str,
) -> String {
    let plan = GenericPlan {
        sql,
        types,
        parameters,
    };
    orchestration.run(plan).await.unwrap()
}

fn assert_reads_ranges(plan: &str) {
    let reads_all = ["Seq Scan", "Hash Join", "Merge Join"];
    assert!(!reads_all.iter().any(|node| plan.contains(node)), "{plan}");
}

#[tokio::test]
async fn page_of_tasks_costs_the_same_for_100_and_for_50_000_tasks() {
    let (_database, orchestration) = filled().await;
    let cost = async |owner: &str, states: &str| {
        let types = "text, text[], timestamptz, timestamptz, text, bigint";
        let parameters = format!("'{owner}', '{states}', '-infinity', 'infinity', '', 101");
        let plan = plan(&orchestration, ListTasks::SQL, types, &parameters).await;
        assert_reads_ranges(&plan);
        assert!(!plan.contains("->  Sort"), "{plan}");
        pages(&plan)
    };
    let all =
        "{blocked,ready,assigned,running,waiting,completed,failed,cancelled,timed_out,skipped}";
    // Not counting what the first plan of a session reads from the catalogs.
    cost("small", all).await;

    let small = cost("small", all).await;
    let large = cost("large", all).await;
    let rare = cost("large", "{failed}").await;

    assert!(
        large <= small * 13 / 10 + 20,
        "{small} pages for 100 tasks, {large} for 50 000"
    );
    // 10 tasks in two tables and their indexes.
    assert!(rare <= 60, "{rare} pages for the rare ones");
}

#[tokio::test]
async fn page_of_parts_is_a_range_of_its_index() {
    let (_database, orchestration) = filled().await;
    let types = "text, text[], timestamptz, timestamptz, text, bigint, text";
    let parameters = "'large', '{blocked}', '-infinity', 'infinity', '', 101, 'task-7'";

    let plan = plan(&orchestration, ListParts::SQL, types, parameters).await;

    assert_reads_ranges(&plan);
    assert!(plan.contains("task_parent_idx"), "{plan}");
    // 50 parts, each in two tables and the index of one.
    assert!(pages(&plan) <= 50 * 6, "{plan}");
}

#[tokio::test]
async fn creation_costs_the_same_beside_100_and_beside_50_000_tasks() {
    let (_database, orchestration) = filled().await;
    let types =
        "text, uuid, timestamptz, text, text, text[], bigint[], int[], int[], int[], uuid[],
        text[], int[], int[], text[], text[], text[], jsonb[], jsonb[], jsonb[], jsonb[],
        text[], text[], text[], bigint[], jsonb[], text[], int[], text";
    let cost = async |owner: &str, id: &str| {
        let parameters = format!(
            "'{owner}', gen_random_uuid(), now(), 'user:me', NULL,
             '{{{id}}}', '{{1}}', '{{0}}', '{{3}}', '{{NULL}}', ARRAY[gen_random_uuid()], '{{blocked}}',
             '{{1}}', '{{0}}', '{{NULL}}', '{{Title}}', '{{\"\"}}', '{{[]}}', ARRAY['{{}}'::jsonb],
             ARRAY['{{}}'::jsonb], ARRAY['{{}}'::jsonb], '{{{id}}}', '{{task-9}}', '{{success}}',
             '{{1}}', ARRAY['{{}}'::jsonb], '{{task-9}}', '{{1}}', NULL"
        );
        let plan = plan(&orchestration, CreateTasks::SQL, types, &parameters).await;
        assert_reads_ranges(&plan);
        read_by_all_nodes(&plan)
    };
    cost("small", "new-0").await;

    let small = cost("small", "new-1").await;
    let large = cost("large", "new-1").await;

    assert!(
        large <= small * 13 / 10 + 60,
        "{small} pages beside 100 tasks, {large} beside 50 000"
    );
}

/// Sums the pages of all nodes, because the first one does not include those that write. A page is
/// counted at each level of the plan.
fn read_by_all_nodes(plan: &str) -> u64 {
    let lines = plan
        .lines()
        .filter(|line| line.contains("Buffers: shared "));
    lines.map(pages).sum()
}

#[tokio::test]
async fn settling_reads_only_the_dependants_that_it_may_change() {
    let (_database, orchestration) = filled().await;
    let types = "text, text[], bool[]";
    let lock = async |parameters: &str| {
        let plan = plan(&orchestration, LockDependants::SQL, types, parameters).await;
        assert_reads_ranges(&plan);
        pages(&plan)
    };
    lock("'small', '{task-1}', '{f}'").await;

    let one = lock("'large', '{task-20000}', '{f}'").await;
    let all_after = lock("'large', '{task-49991}', '{t}'").await;

    assert!(one <= 20, "{one} pages for one dependant");
    assert!(all_after <= 9 * 20, "{all_after} pages for nine dependants");
}

#[tokio::test]
async fn cancel_reads_only_the_descendants() {
    let (_database, orchestration) = filled().await;

    let parameters = "'large', 'task-7', NULL";
    let plan = plan(
        &orchestration,
        LockDescendants::SQL,
        "text, text, text",
        parameters,
    )
    .await;

    assert_reads_ranges(&plan);
    // 51 tasks: one probe for the parts of each, and one to lock it.
    assert!(pages(&plan) <= 51 * 12, "{plan}");
}
