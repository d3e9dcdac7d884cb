//! Tests that the expected description matches the migrations, and that each kind of difference is
//! reported.
//!
//! `TASKTRAIL_WRITE_SCHEMA=1` rewrites `expected.txt` (see `scripts/schema`).

use std::time::Duration;

use tasktrail_postgres_client::config::PostgresConfig;
use tasktrail_postgres_client::connection::{Connector, Session};
use tasktrail_test_support::TestDatabase;

use super::{Object, describe};
use crate::migrate::{self, MigrationTarget};

async fn migrated(database: &TestDatabase) -> Connector {
    let config = PostgresConfig::from_url(database.url()).unwrap();
    let connector = Connector::new(config).unwrap();
    let target = MigrationTarget::UpToDate;
    migrate::reach(&connector, &target, &migrate::Migrating::default())
        .await
        .unwrap();
    connector
}

/// The differences after a change.
async fn after(change: &str) -> Vec<String> {
    let database = TestDatabase::new();
    let connector = migrated(&database).await;
    database.execute(change).unwrap();
    let differences = migrate::schema_differences(&connector, Duration::ZERO)
        .await
        .unwrap();
    differences.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expected_description_matches_the_migrations() {
    let database = TestDatabase::new();
    let session = Session {
        statement_timeout: Duration::from_secs(10),
    };
    let mut connection = migrated(&database).await.open(session).await.unwrap();
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                  AND relkind IN ('r', 'p') AND relname <> 'tasktrail_migrations'";
    let tables = database.execute(tables).unwrap();
    let tables = tables.into_iter().flatten().flatten().collect();

    let made = describe(&mut connection, tables).await.unwrap();

    let line = |object: &Object| format!("{}: {}\n", object.name, object.definition);
    let made: String = made.iter().map(line).collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema_check/expected.txt");
    if std::env::var_os("TASKTRAIL_WRITE_SCHEMA").is_some() {
        std::fs::write(file, &made).unwrap();
    }
    let written = std::fs::read_to_string(file).unwrap();
    assert_eq!(written, made, "run scripts/schema to regenerate it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrated_tables_have_no_difference() {
    let others = "CREATE TABLE theirs (id int); CREATE SCHEMA shop;
                  CREATE TABLE shop.task_history (id int)";

    assert_eq!(after(others).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_object_is_reported_with_its_definition() {
    assert_eq!(
        after("DROP INDEX task_summary_error_code_idx").await,
        [
            "missing index task_summary.task_summary_error_code_idx: btree (user_id, error_code, \
             status, last_updated, task_id) WHERE (error_code IS NOT NULL)"
        ]
    );
    assert_eq!(
        after("ALTER TABLE task_history DROP CONSTRAINT task_history_step_check").await,
        ["missing constraint task_history.task_history_step_check: CHECK ((step >= 0))"]
    );
    assert_eq!(
        after("COMMENT ON COLUMN task_history.step IS NULL").await,
        ["missing comment task_history.step: The position of the step in its task."]
    );
    assert_eq!(
        after("DROP TABLE task_history").await,
        ["missing table task_history: permanent"],
        "its parts go without saying"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_object_is_reported_with_both_definitions() {
    assert_eq!(
        after("ALTER TABLE task_history ALTER step TYPE bigint").await,
        ["different column task_history.step: expected integer NOT NULL, found bigint NOT NULL"]
    );
    assert_eq!(
        after("ALTER TABLE task_history ALTER error_code TYPE text COLLATE \"POSIX\"").await,
        [
            "different column task_history.error_code: expected text COLLATE \"C\", \
             found text COLLATE \"POSIX\""
        ]
    );
    assert_eq!(
        after("ALTER TABLE task_history SET UNLOGGED").await,
        ["different table task_history: expected permanent, found unlogged"]
    );
    assert_eq!(
        after("COMMENT ON TABLE task_summary IS E'Of\\nours.'").await,
        [
            "different comment task_summary: expected One row a task: what its entries and its \
             finish add up to, kept by every save., found Of ours."
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unexpected_object_is_reported_with_its_definition() {
    let added = "ALTER TABLE task_summary ADD extra numeric(9,2) NOT NULL DEFAULT 0;
                 CREATE UNIQUE INDEX extra_idx ON task_summary (extra DESC)";

    assert_eq!(
        after(added).await,
        [
            "unexpected column task_summary.extra: numeric(9,2) NOT NULL DEFAULT 0",
            "unexpected index task_summary.extra_idx: UNIQUE btree (extra DESC)"
        ]
    );
}
