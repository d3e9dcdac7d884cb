//! What the runtime role can do besides the contract, and what it may not do.

use std::time::Duration;

use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::ErrorChain;
use tasktrail_domain::task_history::{RetentionPolicy, TaskHistoryRepository, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{ExportSelection, ExportedItem, MigrateError};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::PartitionHold;
use tasktrail_test_support::simple_query::QueryError;

use super::{Fixture, SHOP};

const REFUSED: &str = "42501";

#[tokio::test]
async fn runtime_role_can_export_a_partitioned_store() {
    let fixture = Fixture::partitioned(SHOP).await;
    let runtime = fixture.connect(&fixture.runtime, 0).await;
    let step = Writer::default().step(&task("report"), 0, TaskStatus::Running);
    runtime.task_history().save(&step).await.unwrap();

    let mut export = runtime.export(&ExportSelection::default()).await.unwrap();
    let items = export.next_portion().await.unwrap().unwrap();

    assert_eq!(items.last(), Some(&ExportedItem::Entry(step)));
    assert_eq!(export.next_portion().await.unwrap(), None);
}

#[tokio::test]
async fn runtime_role_cannot_change_saved_entries_or_the_schema() {
    for schema in ["public", SHOP] {
        let fixture = Fixture::migrated(schema).await;
        for statement in [
            "UPDATE task_history SET step = 1",
            "UPDATE audit_log SET note = 'none'",
            "DELETE FROM audit_log",
            "UPDATE task_queue SET queue_id = 1",
            "TRUNCATE task_history",
            "TRUNCATE task_summary",
            "CREATE TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE INDEX ON task_history (step)",
            "ALTER TABLE task_history ADD COLUMN mine int",
            "DROP TABLE task_history",
            "DROP TABLE task_summary CASCADE",
            "INSERT INTO tasktrail_migrations VALUES ('1')",
            "DELETE FROM tasktrail_migrations",
            "SELECT nextval('task_history_id_seq')",
        ] {
            let refused = fixture.as_runtime(statement);
            let is_refused =
                matches!(&refused, Err(QueryError::Refused { code, .. }) if code == REFUSED);
            assert!(is_refused, "{schema}: {statement}: {refused:?}");
        }
        fixture
            .as_runtime("SELECT 1 FROM task_history, task_summary, tasktrail_migrations")
            .unwrap();
    }
}

#[tokio::test]
async fn runtime_role_is_healthy_on_a_current_schema() {
    let fixture = Fixture::migrated(SHOP).await;
    let runtime = fixture.connect(&fixture.runtime, 2).await;

    assert_eq!(runtime.migrate().await.unwrap(), Vec::<String>::new());
    assert_eq!(runtime.check_schema().await.unwrap(), []);
    let health = runtime.health(Duration::from_secs(10)).await.unwrap();
    assert!(health.permitted && health.schema.is_current(), "{health:?}");
    let room = runtime.admin().storage_statistics().await.unwrap();
    assert_eq!(room.entries.live_rows, 0);
}

/// Health has its own list of the privileges that are granted.
#[tokio::test]
async fn runtime_role_without_one_of_its_privileges_is_not_permitted() {
    let fixture = Fixture::migrated("public").await;
    let runtime = fixture.connect(&fixture.runtime, 0).await;
    let rights = fixture.rights();
    let tables = rights.iter().map(|table| {
        let (table, rights) = table.split_once(" of ").unwrap();
        (table, rights.split_once(": ").unwrap().1)
    });
    let is_checked = |table: &str| table != "tasktrail_migrations" && !table.ends_with("_seq");

    for (table, rights) in tables.filter(|(table, _)| is_checked(table)) {
        for privilege in rights.split(' ') {
            let of_role = format!("{privilege} ON {table}");
            let revoke = format!("REVOKE {of_role} FROM {}", fixture.runtime);
            fixture.database.execute(&revoke).unwrap();
            let health = runtime.health(Duration::from_secs(10)).await.unwrap();
            assert!(!health.permitted, "{of_role}: {health:?}");
            let grant = format!("GRANT {of_role} TO {}", fixture.runtime);
            fixture.database.execute(&grant).unwrap();
        }
    }
    let health = runtime.health(Duration::from_secs(10)).await.unwrap();
    assert!(health.permitted, "{health:?}");
}

#[tokio::test]
async fn runtime_role_cannot_migrate_an_outdated_schema() {
    for schema in ["public", SHOP] {
        let fixture = Fixture::new(schema);
        let runtime = fixture.connect(&fixture.runtime, 2).await;
        let pending = runtime.schema().await.unwrap().pending;

        let error = runtime.migrate().await.unwrap_err();

        let message = ErrorChain(&error).to_string();
        let expected = format!(
            "role {} may not change schema {schema}, and {} must be applied or reverted: run \
             `tasktrail migrate` as the owner of the tables",
            fixture.runtime,
            pending.join(", ")
        );
        assert_eq!(message, expected);
        assert!(matches!(error, MigrateError::NotPermitted { .. }));
        assert_eq!(fixture.rights(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn outlook_names_the_owner_to_the_runtime_role() {
    let fixture = Fixture::partitioned(SHOP).await;
    let runtime = fixture.connect(&fixture.runtime, 0).await;
    let task = TaskKey::new("alice", "task").unwrap();
    let entry = Writer::default().step(&task, 0, TaskStatus::Completed);
    runtime.task_history().save(&entry).await.unwrap();

    let policy = RetentionPolicy::every_task_before(Timestamp::MAX);
    let found = runtime
        .admin()
        .partition_outlook(&policy, Timestamp::MAX)
        .await;

    let found = found.unwrap().unwrap();
    let owner = fixture.owner.clone();
    let holds: Vec<_> = found.into_iter().map(|found| found.hold).collect();
    assert_eq!(holds, [Some(PartitionHold::NotOwner { owner })]);
}
