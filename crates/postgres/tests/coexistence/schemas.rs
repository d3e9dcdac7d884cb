//! The schema of a store: which one is used, and who may create it.

use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::{Clock, SystemClock};
use tasktrail_domain::task_history::{FinalStatus, TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::{MigrateError, PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_test_support::TestDatabase;

use super::{VERSIONS, as_new_role, in_schema, objects, open, plain, tables, values, words};

const STORE: [&str; 12] = [
    "agent",
    "agent_presence",
    "audit_log",
    "task",
    "task_dependency",
    "task_execution",
    "task_graph",
    "task_history",
    "task_queue",
    "task_state",
    "task_summary",
    "tasktrail_migrations",
];

pub(crate) fn store_in(schema: &str) -> Vec<String> {
    STORE.map(|table| format!("{schema}.{table}")).to_vec()
}

pub(crate) async fn finish(postgres: &PostgresDatabase, status: FinalStatus) -> Option<TaskStatus> {
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

        assert_eq!(postgres.migrate().await.unwrap(), VERSIONS);

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
    assert_eq!(chosen.migrate().await.unwrap(), VERSIONS);
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
    assert_eq!(shop.migrate().await.unwrap(), VERSIONS);
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
    assert_eq!(migrates.migrate().await.unwrap(), VERSIONS);
    database.execute(&roles).unwrap();
    let service = open(&by(&runtime), |config| config.with_schema("shop")).await;

    assert_eq!(service.migrate().await.unwrap(), Vec::<String>::new());
    let status = finish(&service, FinalStatus::Completed).await;
    assert_eq!(status, Some(TaskStatus::Completed));
    let owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'shop'";
    assert_eq!(values(&database, owners), [owner]);
}
