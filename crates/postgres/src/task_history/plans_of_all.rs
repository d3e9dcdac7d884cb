//! Tests that every statement of the port reads index ranges of one user, except the listed ones.

use std::path::Path;

use tasktrail_conformance::fixture::Writer;
use tasktrail_postgres_client::statement::Statement as _;
use tasktrail_test_support::{TestDatabase, statement_plans};

use super::plans::filled_in;
use super::prepared_once::one_of_each;
use super::retention::LastKeptOfUser;
use crate::prepared_plans::PreparedPlans;

/// Statements that read index ranges over users by nature, with the reason.
const OVER_ALL_USERS: [(&str, &str); 11] = [
    ("count.sql", "counts every user in scope"),
    ("expired.sql", "counts what a policy covers, of every user"),
    ("expired_beyond.sql", "visits every user in scope"),
    (
        "export_tasks.sql",
        "a page of tasks in the order of their keys",
    ),
    (
        "export_totals.sql",
        "counts the tasks of every user in scope",
    ),
    ("largest.sql", "searches the first 10000 tasks in scope"),
    ("list_all.sql", "visits every user until the page is full"),
    ("lock_beyond.sql", "visits every user in a removal's window"),
    (
        "lock_expired.sql",
        "a removal's window, in the order of the keys",
    ),
    ("users.sql", "visits every user until the page is full"),
    ("window_end.sql", "finds the end of a removal's window"),
];

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
        "text, text, text, timestamptz, timestamptz, text[], bigint",
    ),
    (include_str!("sql/export_entries.sql"), "text[], text[]"),
    (include_str!("sql/largest.sql"), "text, text, text, text"),
];

const EXPORTED: &str = "text, text, text, timestamptz, timestamptz, text[]";

/// If a file has no plan, call its statement in `one_of_each`, or add it to `RARE`.
#[tokio::test]
async fn every_statement_reads_index_ranges_of_one_user_or_is_listed() {
    let database = TestDatabase::new();
    let histories = filled_in(&database).await;
    one_of_each(&histories, &Writer::default(), 0).await;

    let plans = histories.run(PreparedPlans(&RARE)).await.unwrap();

    let plans = plans
        .iter()
        .map(|(sql, plan)| (sql.as_str(), plan.as_str()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/task_history/sql");
    let problems = statement_plans::problems(&folder, plans, &OVER_ALL_USERS).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
