//! Findings about servers.

use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::id::{IdGenerator, RandomIdGenerator};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::{
    HistoryEntry, StepNumber, TaskFilter, TaskHistoryRepository, TaskStatus, TaskStepResult,
};
use tasktrail_postgres_admin::diagnosis::{FindingCode, Severity};
use tasktrail_test_support::{ServerOptions, TestDatabase};

use super::store::{Store, diagnosis, open, the};

#[tokio::test]
async fn harmful_settings_are_reported_most_severe_first() {
    let server = ServerOptions::default()
        .setting("autovacuum", "off")
        .setting("lock_timeout", "100ms")
        .setting("idle_session_timeout", "10min")
        .start()
        .unwrap();
    let store = Store::on(TestDatabase::create(&server)).await;
    let url = format!(
        "{}?options=-cstatement_timeout%3D1500",
        store.database.url()
    );

    let found = diagnosis(&open(url).await).await;

    let settings = [
        FindingCode::FsyncOff,
        FindingCode::FullPageWritesOff,
        FindingCode::AsynchronousCommit,
        FindingCode::AutovacuumOff,
        FindingCode::ShortTimeout,
        FindingCode::IdleSessionTimeout,
    ];
    for code in settings {
        the(&found, code);
    }
    let short = found
        .findings
        .iter()
        .filter(|found| found.code == FindingCode::ShortTimeout);
    let short: Vec<_> = short.map(|found| &*found.evidence).collect();
    assert_eq!(
        short,
        ["statement_timeout = 1500 ms", "lock_timeout = 100 ms"]
    );
    assert_eq!(found.worst(), Some(Severity::Critical));
    assert!(
        found
            .findings
            .is_sorted_by(|one, other| one.severity >= other.severity)
    );
}

#[tokio::test]
async fn server_near_its_connection_limit_is_reported() {
    let server = ServerOptions::default()
        .durable()
        .max_connections(8)
        .start()
        .unwrap();
    let store = Store::on(TestDatabase::create(&server)).await;

    let _others = [
        open(store.database.url()).await,
        open(store.database.url()).await,
    ];
    let found = store.diagnosis().await;

    let scarce = the(&found, FindingCode::ConnectionsNearLimit);
    assert!(scarce.evidence.contains("of 5 are in use"), "{scarce:?}");
}

async fn use_it(store: &Store) {
    let histories = store.postgres.task_history();
    let now = SystemClock.now();
    let task = TaskKey::new("alice", "report").unwrap();
    let entry = HistoryEntry::new(
        RandomIdGenerator::default().next(now).into(),
        task.clone(),
        StepNumber::MIN,
        TaskStepResult::builder("fetch", TaskStatus::Running)
            .build()
            .unwrap(),
        now,
    );
    histories.save(&entry).await.unwrap();
    histories
        .load(&task, &PageRequest::default())
        .await
        .unwrap();
    histories
        .trail(&task, &PageRequest::default())
        .await
        .unwrap();
    histories.status(&task).await.unwrap();
    let page = PageRequest::default();
    histories
        .list(&task.user, &TaskFilter::default(), &page)
        .await
        .unwrap();
}

#[tokio::test]
async fn statement_costs_are_reported_if_the_server_collects_them() {
    let server = ServerOptions::default()
        .durable()
        .setting("shared_preload_libraries", "pg_stat_statements")
        .start()
        .unwrap();
    let store = Store::on(TestDatabase::create(&server)).await;
    let without = store.diagnosis().await;
    // A schema that is not in the search path.
    store.run("CREATE SCHEMA \"My extensions\"; CREATE EXTENSION pg_stat_statements SCHEMA \"My extensions\"");

    use_it(&store).await;
    let found = store.diagnosis().await;

    let uncounted = the(&without, FindingCode::PgStatStatementsMissing);
    assert!(
        uncounted.advice.contains("shared_preload_libraries"),
        "{uncounted:?}"
    );
    let statements = found.statements.unwrap();
    let mut operations: Vec<_> = statements
        .iter()
        .map(|statement| statement.operation)
        .collect();
    operations.sort_unstable();
    assert_eq!(
        operations,
        ["load", "list", "save", "status", "trail"]
            .map(|name| format!("task_history.{name}"))
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert!(statements.iter().all(|statement| statement.calls == 1));
}

#[tokio::test]
async fn standbys_and_slots_are_reported() {
    let server = ServerOptions::default().durable().start().unwrap();
    let store = Store::on(TestDatabase::create(&server)).await;
    let standby = server.standby().unwrap();
    store.run("SELECT pg_create_physical_replication_slot('left_alone', true)");

    let found = store.diagnosis().await;
    let url = format!(
        "postgres://postgres@{}/{}",
        standby.addr(),
        store.database.name()
    );
    let of_standby = diagnosis(&open(url).await).await;

    assert_eq!(found.replicas.len(), 1, "{:?}", found.replicas);
    let slot = the(&found, FindingCode::InactiveSlot);
    assert!(slot.summary.contains("left_alone"), "{slot:?}");
    assert_eq!(
        the(&of_standby, FindingCode::NotPrimary).severity,
        Severity::Critical
    );
}
