//! Tests that each statement is prepared once per connection, and sent in one round trip.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::AsyncPgConnection;
use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::repository::{Operation, PageRequest};
use tasktrail_domain::task_history::{
    ErrorCode, FinalStatus, Finish, RemovalLimits, RetentionPolicy, Scope, TaskFilter,
    TaskHistoryRepository, TaskStatus, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserPrefix};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

use super::{PostgresTaskHistory, operations};
use crate::{PostgresConfig, PostgresDatabase};

async fn on_one_connection(url: String) -> PostgresTaskHistory<'static> {
    let config = PostgresConfig::from_url(url)
        .unwrap()
        .with_connections(1, 1)
        .unwrap();
    let database = PostgresDatabase::connect(config).await.unwrap();
    database.migrate().await.unwrap();
    database.task_history()
}

/// Calls every operation of the port once.
pub(super) async fn one_of_each(histories: &PostgresTaskHistory<'_>, writer: &Writer, round: u16) {
    let task = TaskKey::new("user", format!("task-{round}")).unwrap();
    let at = Timestamp::default();
    let entry = writer.step(&task, 1, TaskStatus::Running);
    histories.save(&entry).await.unwrap();
    histories.save(&entry).await.unwrap();
    histories.save_batch(&writer.steps(&task, 3)).await.unwrap();
    histories
        .load(&task, &PageRequest::default())
        .await
        .unwrap();
    histories
        .trail(&task, &PageRequest::default())
        .await
        .unwrap();
    histories.status(&task).await.unwrap();
    let checks = [task.clone()];
    histories.run(operations::Statuses(&checks)).await.unwrap();
    histories
        .finish(&task, FinalStatus::Completed, at)
        .await
        .unwrap();
    histories
        .finish(&task, FinalStatus::Completed, at)
        .await
        .unwrap();
    let finish = Finish {
        status: FinalStatus::Failed,
        at,
    };
    let finishes = [(task.clone(), finish)];
    histories.finish_batch(&finishes).await.unwrap();
    let failed = TaskFilter::default().with_error_code(ErrorCode::TIMEOUT);
    for filter in [TaskFilter::default(), failed] {
        histories
            .list(&task.user, &filter, &PageRequest::default())
            .await
            .unwrap();
        histories
            .list_all(&UserPrefix::ALL, &filter, &PageRequest::default())
            .await
            .unwrap();
    }
    histories
        .users(&UserPrefix::ALL, &PageRequest::default())
        .await
        .unwrap();
    histories.summary(&task).await.unwrap();
    histories.count(&Scope::Everyone).await.unwrap();
    let policy = RetentionPolicy::every_task_before(Timestamp::MAX);
    let keeping = policy.clone().with_keep_newest(1);
    for policy in [keeping, policy] {
        histories.expired(&policy).await.unwrap();
        histories
            .remove_expired(&policy, &RemovalLimits::default())
            .await
            .unwrap();
    }
}

#[derive(QueryableByName)]
struct PreparedStatement {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    runs: i64,
}

/// Reads which statements a connection has prepared, and how often each ran.
struct PreparedStatements;

impl PgOperation for PreparedStatements {
    type Output = BTreeMap<String, i64>;

    const OPERATION: Operation = operation::COUNT;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let ours = "SELECT name, generic_plans + custom_plans AS runs FROM pg_prepared_statements
                    WHERE statement LIKE '%task\\_%'
                    AND statement NOT LIKE '%pg_prepared_statements%'";
        let rows: Vec<PreparedStatement> =
            diesel_async::RunQueryDsl::load(diesel::sql_query(ours), connection).await?;
        Ok(rows.into_iter().map(|row| (row.name, row.runs)).collect())
    }
}

async fn prepared(histories: &PostgresTaskHistory<'_>) -> BTreeMap<String, i64> {
    histories.run(PreparedStatements).await.unwrap()
}

#[tokio::test]
async fn every_statement_is_prepared_once() {
    let database = TestDatabase::new();
    let histories = on_one_connection(database.url()).await;
    let writer = Writer::default();
    one_of_each(&histories, &writer, 0).await;
    let first = prepared(&histories).await;

    for round in 1..=10 {
        one_of_each(&histories, &writer, round).await;
    }

    let then = prepared(&histories).await;
    assert_eq!(
        then.keys().collect::<Vec<_>>(),
        first.keys().collect::<Vec<_>>()
    );
    assert_eq!(first.len(), 23);
    assert!(
        then.iter().all(|(name, runs)| *runs >= first[name] + 10),
        "{first:?} {then:?}"
    );
}

#[tokio::test]
async fn save_and_status_are_one_statement_each() {
    let server: Server = ServerOptions::default()
        .setting("log_statement", "all")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let histories = on_one_connection(database.url()).await;
    let task = TaskKey::new("user", "task").unwrap();
    let entries = Writer::default().steps(&task, 21);
    histories.save(&entries[0]).await.unwrap();
    histories.status(&task).await.unwrap();
    let before = statements(&server);

    for entry in &entries[1..] {
        histories.save(entry).await.unwrap();
        histories.status(&task).await.unwrap();
    }

    assert_eq!(statements(&server) - before, 40);
}

fn statements(server: &Server) -> usize {
    let log = server.log();
    log.lines()
        .filter(|line| line.contains("execute ") || line.contains("statement: "))
        .count()
}
