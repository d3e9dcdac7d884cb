//! Tests that every statement of the ports reads index ranges of one user, except the listed ones.

mod agents;
mod dispatch;
mod tasks;

use std::path::Path;

use tasktrail_conformance::orchestration::fixture::Writes;
use tasktrail_test_support::{TestDatabase, statement_plans};

pub(super) use self::tasks::fill;
use super::PostgresOrchestration;
use crate::prepared_plans::PreparedPlans;
use crate::{PostgresConfig, PostgresDatabase};

/// Statements that read index ranges over users by nature, with the reason.
const OVER_ALL_USERS: [(&str, &str); 3] = [
    (
        "count_expired_tasks.sql",
        "counts what a retention covers, of every owner",
    ),
    (
        "lock_expired_tasks.sql",
        "the next tasks of a retention, in the order of their keys",
    ),
    (
        "reapable.sql",
        "visits the agents, and the open executions with a deadline, of every owner",
    ),
];

/// Statements that a call on a small store does not need, with the types of their parameters.
const RARE: [(&str, &str); 0] = [];

pub(super) async fn on_one_connection(database: &TestDatabase) -> PostgresOrchestration<'static> {
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_connections(1, 1)
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    postgres.orchestration()
}

/// If a file has no plan, call its statement in `one_of_each` of its port, or add it to `RARE`.
#[tokio::test]
async fn every_statement_reads_index_ranges_of_one_user_or_is_listed() {
    let database = TestDatabase::new();
    let orchestration = on_one_connection(&database).await;
    fill(&database);
    let writes = Writes::default();
    agents::one_of_each(&orchestration, &writes).await;
    dispatch::one_of_each(&orchestration, &writes).await;
    tasks::one_of_each(&orchestration, &writes).await;

    let plans = orchestration.run(PreparedPlans(&RARE)).await.unwrap();

    let plans = plans
        .iter()
        .map(|(sql, plan)| (sql.as_str(), plan.as_str()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/orchestration/sql");
    let problems = statement_plans::problems(&folder, plans, &OVER_ALL_USERS).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
