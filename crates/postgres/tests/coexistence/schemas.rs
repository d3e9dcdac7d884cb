//! The schema of a store: which one is used, who may create it, and several stores in a database.

use std::sync::Arc;

use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::task_history::{
    FinalStatus, RemovalLimits, RetentionPolicy, TaskHistoryRepository, TaskStatus,
};
use tasktrail_postgres::{ExportSelection, MigrateError, PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_test_support::{TestDatabase, wait_until};

use super::{VERSION, as_new_role, in_schema, objects, open, plain, tables, values, words};

const STORE: [&str; 3] = ["task_history", "task_summary", "tasktrail_migrations"];

fn store_in(schema: &str) -> Vec<String> {
    STORE.map(|table| format!("{schema}.{table}")).to_vec()
}

async fn finish(postgres: &PostgresDatabase, status: FinalStatus) -> Option<TaskStatus> {
    let task = TaskKey::new("alice", "report").unwrap();
    let history = postgres.task_history();
    history
        .finish(&task, status, SystemClock.now())
        .await
        .unwrap();
    history.status(&task).await.unwrap()
}

#[tokio::test]
async fn missing_schema_is_created_with_any_name() {
    for name in ["shop", "Shop's \"tasks\"", "größe", "select"] {
        let database = TestDatabase::new();
        let postgres = in_schema(&database, name).await;

        assert_eq!(postgres.migrate().await.unwrap(), [VERSION]);

        assert_eq!(tables(&database), store_in(name));
        assert_eq!(postgres.check_schema().await.unwrap(), []);
        let status = finish(&postgres, FinalStatus::Completed).await;
        assert_eq!(status, Some(TaskStatus::Completed));
    }
}

#[tokio::test]
async fn invalid_schema_names_are_refused_before_connecting() {
    for name in ["", "pg_catalog", "tasktrail_bench", "a\nb"] {
        let config = PostgresConfig::from_url("postgres://127.0.0.1:1/d").unwrap();

        let problems = config.with_schema(name).problems();

        assert_eq!(problems.len(), 1, "{name:?}");
        assert_eq!(problems[0].field(), "schema");
    }
}

#[tokio::test]
async fn setting_takes_precedence_over_search_paths() {
    let database = TestDatabase::new();
    database.execute("CREATE SCHEMA elsewhere").unwrap();
    let path = format!(
        "ALTER DATABASE {} SET search_path = elsewhere",
        database.name()
    );
    database.execute(&path).unwrap();
    let url = format!(
        "{}?options=-csearch_path%3Delsewhere&schema=shop",
        database.url()
    );

    open(&url, |config| config).await.migrate().await.unwrap();
    assert_eq!(tables(&database), store_in("shop"));
    in_schema(&database, "public")
        .await
        .migrate()
        .await
        .unwrap();

    assert_eq!(
        tables(&database),
        [store_in("public"), store_in("shop")].concat()
    );
}

#[tokio::test]
async fn store_elsewhere_is_refused_if_no_schema_is_configured() {
    let database = TestDatabase::new();
    in_schema(&database, "shop").await.migrate().await.unwrap();
    let before = objects(&database);
    let postgres = plain(&database).await;

    let refused = postgres.migrate().await.unwrap_err();
    let checked = postgres.check_schema().await.unwrap_err();
    let diagnosis = postgres
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await;

    let expected = "no schema is configured, and a store exists in a schema other than public: shop; set \
                    `schema` (TASKTRAIL_SCHEMA) to the schema of the store, or to public to use that schema";
    assert_eq!(words(&refused), expected);
    assert_eq!(words(&checked), expected);
    let findings = diagnosis.unwrap().findings;
    let found = findings
        .iter()
        .find(|found| found.code == FindingCode::OtherStore);
    assert_eq!(found.unwrap().severity, Severity::Critical);
    assert_eq!(objects(&database), before);
    let chosen = in_schema(&database, "public").await;
    assert_eq!(chosen.migrate().await.unwrap(), [VERSION]);
    assert_eq!(postgres.migrate().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn store_in_the_second_schema_of_the_search_path_is_refused() {
    let database = TestDatabase::new();
    database.execute("CREATE SCHEMA first").unwrap();
    in_schema(&database, "second")
        .await
        .migrate()
        .await
        .unwrap();
    let before = objects(&database);
    for path in ["first,second", "first,second,public", "second,public"] {
        let path = path.replace(',', "%2C");
        let url = format!("{}?options=-csearch_path%3D{path}", database.url());

        let refused = open(&url, |config| config).await.migrate().await;

        match refused {
            Err(MigrateError::OtherStore { found, .. }) => assert_eq!(found, ["second"]),
            other => panic!("{path}: {other:?}"),
        }
        assert_eq!(objects(&database), before);
    }
}

#[tokio::test]
async fn store_found_before_public_in_the_search_path_is_refused() {
    let database = TestDatabase::new();
    in_schema(&database, "shop").await.migrate().await.unwrap();
    in_schema(&database, "public")
        .await
        .migrate()
        .await
        .unwrap();
    let with_path = |path: &str| format!("{}?options=-csearch_path%3D{path}", database.url());

    let refused = open(&with_path("shop%2Cpublic"), |config| config)
        .await
        .migrate()
        .await;
    let public_first = open(&with_path("public%2Cshop"), |config| config)
        .await
        .migrate()
        .await;

    match refused {
        Err(MigrateError::OtherStore { found, .. }) => assert_eq!(found, ["shop"]),
        other => panic!("{other:?}"),
    }
    assert_eq!(public_first.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn role_without_create_privilege_is_refused() {
    let database = TestDatabase::new();
    database.execute("CREATE SCHEMA theirs").unwrap();
    let (role, url) = as_new_role(&database);
    database
        .execute(&format!("GRANT USAGE ON SCHEMA theirs TO {role}"))
        .unwrap();
    let before = objects(&database);

    let shop = open(&url, |config| config.with_schema("shop")).await;
    let missing = shop.migrate().await.unwrap_err();
    let theirs = open(&url, |config| config.with_schema("theirs")).await;
    let closed = theirs.migrate().await.unwrap_err();

    let name = database.name();
    assert_eq!(
        words(&missing),
        format!(
            "the schema shop does not exist, and the role {role} may not create it: run `tasktrail migrate` \
             as the owner of the database {name}, or create the schema for this role"
        )
    );
    match closed {
        MigrateError::NotPermitted { schema, .. } => assert_eq!(schema, "theirs"),
        other => panic!("{other:?}"),
    }
    assert_eq!(objects(&database), before);
    database
        .execute(&format!("CREATE SCHEMA shop AUTHORIZATION {role}"))
        .unwrap();
    assert_eq!(shop.migrate().await.unwrap(), [VERSION]);
}

#[tokio::test]
async fn two_stores_in_one_database_are_isolated() {
    let database = TestDatabase::new();
    let (one, other) = (
        in_schema(&database, "one").await,
        in_schema(&database, "other").await,
    );
    one.migrate().await.unwrap();
    other.migrate().await.unwrap();

    assert_eq!(
        finish(&one, FinalStatus::Completed).await,
        Some(TaskStatus::Completed)
    );
    assert_eq!(
        finish(&other, FinalStatus::Failed).await,
        Some(TaskStatus::Failed)
    );

    let december = "2025-12-20T00:00:00Z".parse().unwrap();
    one.admin().partition(december, 1).await.unwrap();
    assert!(one.admin().partitions().await.unwrap().is_some());
    assert!(other.admin().partitions().await.unwrap().is_none());
    let diagnosis = one
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap();
    assert!(
        diagnosis
            .tables
            .iter()
            .all(|table| table.qualified.starts_with("one."))
    );
    assert_eq!(diagnosis.connection.unwrap().schema.as_deref(), Some("one"));
    let mut export = one.export(&ExportSelection::default()).await.unwrap();
    while export.next_portion().await.unwrap().is_some() {}
    assert_eq!(export.tasks(), 1);
    let analyzed = other.admin().analyze(false).await.unwrap();
    assert_eq!(analyzed.len(), 2);

    let turns = (
        one.admin().maintenance_lock().await.unwrap(),
        other.admin().maintenance_lock().await.unwrap(),
    );
    assert!(
        turns.0.is_some() && turns.1.is_some(),
        "each store has its own maintenance lock"
    );
    let far = RetentionPolicy::older_than("2099-01-01T00:00:00Z".parse().unwrap());
    let batch = RemovalLimits::default();
    one.task_history()
        .remove_expired(&far, &batch)
        .await
        .unwrap();
    assert_eq!(
        finish(&other, FinalStatus::Completed).await,
        Some(TaskStatus::Failed)
    );
    one.revert().await.unwrap();
    assert_eq!(other.check_schema().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_processes_migrate_each_schema_once() {
    let database = TestDatabase::new();
    let mut migrating = Vec::new();
    for schema in ["one", "other"].repeat(4) {
        let postgres = in_schema(&database, schema).await;
        migrating.push(tokio::spawn(async move {
            postgres.migrate().await.unwrap().len()
        }));
    }
    let mut applied = 0;
    for process in migrating {
        applied += process.await.unwrap();
    }

    assert_eq!(applied, 2);
    assert_eq!(
        tables(&database),
        [store_in("one"), store_in("other")].concat()
    );
}

/// Holds the migration lock of `public`, whose key is the one of earlier versions.
const HOLD: &str = "SELECT pg_advisory_lock(8386110886492922217); SELECT pg_sleep(60)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_of_different_schemas_run_concurrently() {
    let database = Arc::new(TestDatabase::new());
    let holder = Arc::clone(&database);
    let holder = tokio::task::spawn_blocking(move || holder.execute(HOLD));
    wait_until("the lock is held", || {
        let held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted";
        !database.execute(held).unwrap().is_empty()
    });

    let migrated = in_schema(&database, "shop").await.migrate().await;

    let let_go = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                  WHERE datname = current_database() AND query LIKE '%pg_sleep(60)'
                    AND pid <> pg_backend_pid()";
    database.execute(let_go).unwrap();
    holder.await.unwrap().unwrap_err();
    assert_eq!(migrated.unwrap(), [VERSION]);
}

#[tokio::test]
async fn plan_sql_does_not_depend_on_the_search_path() {
    let database = TestDatabase::new();
    let postgres = in_schema(&database, "shop").await;
    let up = tasktrail_postgres::MigrationTarget::UpToDate;

    let sql = postgres.plan_migration(&up).await.unwrap().sql();
    database.execute(&sql).unwrap();

    assert_eq!(tables(&database), store_in("shop"));
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    assert_eq!(postgres.migrate().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn roles_in_a_schema_work_with_the_setting() {
    let database = TestDatabase::new();
    let [owner, runtime] =
        ["owner", "runtime"].map(|role| format!("{role}_of_{}", database.name()));
    let roles = DatabaseRoles::new(&owner, &runtime, "shop").unwrap().sql();
    let by = |role: &str| database.url().replace("postgres@", &format!("{role}@"));
    database.execute(&roles).unwrap();

    let migrates = open(&by(&owner), |config| config.with_schema("shop")).await;
    assert_eq!(migrates.migrate().await.unwrap(), [VERSION]);
    database.execute(&roles).unwrap();
    let service = open(&by(&runtime), |config| config.with_schema("shop")).await;

    assert_eq!(service.migrate().await.unwrap(), Vec::<String>::new());
    let status = finish(&service, FinalStatus::Completed).await;
    assert_eq!(status, Some(TaskStatus::Completed));
    let owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'shop'";
    assert_eq!(values(&database, owners), [owner]);
}
