//! Migrations: up, down and up again, and no changes to a current schema. The tests of the command
//! line cover concurrent processes.
#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_postgres::{MigrateError, MigrationTarget, PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{TestDatabase, wait_until};

async fn connect(database: &TestDatabase) -> PostgresDatabase {
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_connections(1, 4)
        .unwrap();
    PostgresDatabase::connect(config).await.unwrap()
}

/// Returns all objects of the schema, one per line, in a fixed order.
fn schema(database: &TestDatabase) -> Vec<String> {
    let objects = "
        SELECT format('column %s.%s %s null=%s default=%s generated=%s identity=%s collation=%s',
                      table_name, column_name, data_type, is_nullable, column_default,
                      generation_expression, is_identity, collation_name)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT format('comment %s.%s %s', objoid::regclass, objsubid, description)
        FROM pg_description WHERE objoid IN
            (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
        ORDER BY 1";
    let rows = database.execute(objects).unwrap();
    rows.into_iter()
        .flatten()
        .flatten()
        .filter(|line| !line.contains("tasktrail_migrations"))
        .collect()
}

#[tokio::test]
async fn up_down_and_up_again_gives_the_same_schema() {
    let database = TestDatabase::new();
    let postgres = connect(&database).await;
    let applied = postgres.migrate().await.unwrap();
    let first = schema(&database);

    let reverted = postgres.revert().await.unwrap();
    let nothing = schema(&database);
    let again = postgres.migrate().await.unwrap();

    assert!(!applied.is_empty() && first.len() > 40, "{first:?}");
    assert_eq!(nothing, Vec::<String>::new());
    assert_eq!(schema(&database), first);
    assert_eq!(again, applied);
    assert_eq!(reverted.len(), applied.len());
}

#[tokio::test]
async fn the_state_has_applied_and_pending_migrations() {
    let database = TestDatabase::new();
    let postgres = connect(&database).await;

    let before = postgres.schema().await.unwrap();
    let applied = postgres.migrate().await.unwrap();
    let after = postgres.schema().await.unwrap();

    assert_eq!(
        (before.applied.len(), before.pending.clone()),
        (0, applied.clone())
    );
    assert!(!before.is_current() && after.is_current());
    assert_eq!(after.applied, applied);
}

#[tokio::test]
async fn a_plan_is_applied_once() {
    let database = TestDatabase::new();
    let postgres = connect(&database).await;
    let plan = async |target| postgres.plan_migration(&target).await.unwrap();

    let up = plan(MigrationTarget::UpToDate).await;
    let first = postgres.run_migration(&up).await.unwrap();
    let second = postgres.run_migration(&up).await.unwrap();
    let down = plan(MigrationTarget::DownAll).await;
    let mut back = postgres.run_migration(&down).await.unwrap();
    back.reverse();
    let nothing = postgres.run_migration(&down).await.unwrap();

    assert_eq!(first.len(), up.migrations().len());
    assert_eq!(second, Vec::<String>::new());
    assert_eq!((back, nothing), (first, Vec::new()));
    assert_eq!(schema(&database), Vec::<String>::new());
}

#[tokio::test]
async fn a_plan_to_revert_is_refused_after_a_concurrent_migration() {
    let database = TestDatabase::new();
    let postgres = connect(&database).await;
    postgres.migrate().await.unwrap();
    let before = schema(&database);
    let down = postgres.plan_migration(&MigrationTarget::DownAll).await;
    let newer = "INSERT INTO tasktrail_migrations VALUES ('203001010000000000')";
    database.execute(newer).unwrap();

    let refused = postgres.run_migration(&down.unwrap()).await;

    match refused {
        Err(MigrateError::SchemaChanged(newer)) => assert_eq!(newer, ["203001010000000000"]),
        other => panic!("{other:?}"),
    }
    assert_eq!(schema(&database), before);
}

/// Takes locks that conflict with every other lock on the tables, and the migration lock. Only the
/// table of migrations can be read.
const HOLD: &str = "
    BEGIN;
    LOCK TABLE task_history, task_summary IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE tasktrail_migrations IN EXCLUSIVE MODE;
    SELECT pg_advisory_lock(8386110886492922217);
    SELECT pg_sleep(60)";

const LET_GO: &str = "
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_on_a_current_schema_takes_no_lock_that_blocks_writers() {
    let database = Arc::new(TestDatabase::new());
    let postgres = connect(&database).await;
    postgres.migrate().await.unwrap();
    let holder = Arc::clone(&database);
    let holder = tokio::task::spawn_blocking(move || holder.execute(HOLD));
    wait_until("the locks are held", || {
        let held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted";
        !database.execute(held).unwrap().is_empty()
    });

    let migrated = tokio::time::timeout(Duration::from_secs(10), postgres.migrate()).await;

    database.execute(LET_GO).unwrap();
    holder.await.unwrap().unwrap_err();
    assert_eq!(migrated.unwrap().unwrap(), Vec::<String>::new());
}
