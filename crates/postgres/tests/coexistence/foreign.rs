//! Foreign tables with the names of ours, and migrations that fail.

use tasktrail_postgres::{MigrateError, MigrationTarget};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_test_support::TestDatabase;

use super::{VERSIONS, in_schema, objects, plain, words};

/// As the original Python library creates it.
const PYTHON: &str = "
    CREATE TABLE task_history (
        id serial PRIMARY KEY, user_id text, task_id text, step int, result jsonb, \"timestamp\" timestamp,
        status text
    )";

#[tokio::test]
async fn foreign_task_history_is_refused_with_the_difference() {
    let database = TestDatabase::new();
    database.execute(PYTHON).unwrap();
    let before = objects(&database);
    let postgres = plain(&database).await;

    let migrated = postgres.migrate().await.unwrap_err();
    let checked = postgres.check_schema().await.unwrap_err();
    let diagnosis = postgres
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await;

    let expected = "task_history in the schema public is not Tasktrail's: it has no column entry_id, \
                    recorded_at, error_code; keep the store in another schema: set `schema` \
                    (TASKTRAIL_SCHEMA)";
    assert_eq!(words(&migrated), expected);
    assert_eq!(words(&checked), expected);
    let findings = diagnosis.unwrap().findings;
    let found = findings
        .iter()
        .find(|found| found.code == FindingCode::ForeignTable);
    assert_eq!(found.unwrap().severity, Severity::Critical);
    assert_eq!(objects(&database), before);
}

#[tokio::test]
async fn store_in_another_schema_coexists_with_a_foreign_table() {
    let database = TestDatabase::new();
    database.execute(PYTHON).unwrap();
    let postgres = in_schema(&database, "tasktrail").await;

    assert_eq!(postgres.migrate().await.unwrap(), VERSIONS);

    assert_eq!(postgres.check_schema().await.unwrap(), []);
    database
        .execute("SELECT timestamp FROM public.task_history")
        .unwrap();
}

#[tokio::test]
async fn other_relations_with_our_names_are_foreign() {
    let without_migrations_table = "DROP TABLE tasktrail_migrations";
    for (change, table, difference) in [
        (
            "CREATE VIEW task_history AS SELECT 1 AS one",
            "task_history",
            "it is not a table",
        ),
        (
            "CREATE TABLE task_summary (user_id text, task_id text)",
            "task_summary",
            "it has no column step_status, ",
        ),
        (
            "CREATE TABLE task (id bigint, user_id text)",
            "task",
            "it has no column task_id, ",
        ),
        (
            without_migrations_table,
            "task_history",
            "tasktrail_migrations does not list its migration",
        ),
    ] {
        let database = TestDatabase::new();
        let postgres = plain(&database).await;
        if change == without_migrations_table {
            postgres.migrate().await.unwrap();
        }
        database.execute(change).unwrap();
        let before = objects(&database);

        match postgres.migrate().await {
            Err(MigrateError::Foreign {
                table: found,
                difference: how,
                ..
            }) => assert!(
                found == table && how.starts_with(difference),
                "{found}: {how}"
            ),
            other => panic!("{change}: {other:?}"),
        }
        assert_eq!(objects(&database), before);
    }
}

/// A table of the host is not taken for that of a migration that is still to be applied.
#[tokio::test]
async fn foreign_table_is_refused_when_a_store_is_upgraded() {
    let database = TestDatabase::new();
    let postgres = plain(&database).await;
    let first = MigrationTarget::UpTo(VERSIONS[0].to_owned());
    let plan = postgres.plan_migration(&first).await.unwrap();
    postgres.run_migration(&plan).await.unwrap();
    database
        .execute("CREATE TABLE audit_log (id bigint)")
        .unwrap();
    let before = objects(&database);

    let refused = postgres.migrate().await.unwrap_err();

    let message = words(&refused);
    let start = "audit_log in the schema public is not Tasktrail's: it has no column user_id, ";
    assert!(message.starts_with(start), "{message}");
    assert_eq!(objects(&database), before);
}

#[tokio::test]
async fn failed_first_migration_leaves_nothing_behind() {
    let database = TestDatabase::new();
    // Conflicts with an index that the migration creates late.
    let in_the_way = "CREATE SEQUENCE task_summary_list_idx";
    database.execute(in_the_way).unwrap();
    let before = objects(&database);

    let failed = plain(&database).await.migrate().await.unwrap_err();

    assert!(matches!(failed, MigrateError::Migration(_)), "{failed}");
    let message = words(&failed);
    assert!(
        message.contains("create_task_history") && message.contains("already exists"),
        "{message}"
    );
    assert_eq!(objects(&database), before);
}

#[tokio::test]
async fn failed_first_migration_leaves_no_schema_behind() {
    let database = TestDatabase::new();
    let before = objects(&database);
    // Refuses a new table after it was created.
    let refuse = "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS
                      $$ BEGIN RAISE EXCEPTION 'no index today'; END $$;
                  CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE INDEX')
                      EXECUTE FUNCTION public.refuse()";
    database.execute(refuse).unwrap();

    let failed = in_schema(&database, "shop")
        .await
        .migrate()
        .await
        .unwrap_err();

    assert!(words(&failed).contains("no index today"), "{failed}");
    assert_eq!(objects(&database), before);
}
