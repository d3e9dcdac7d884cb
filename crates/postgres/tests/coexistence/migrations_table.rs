//! The table of applied versions: beside that of an application, and copied from that of earlier
//! versions.

use tasktrail_domain::task_history::{FinalStatus, TaskStatus};
use tasktrail_postgres::{MigrateError, MigrationState, PostgresDatabase};
use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_test_support::TestDatabase;

use super::schemas::finish;
use super::{LATER, VERSION, VERSIONS, as_new_role, in_schema, open, plain, tables, values, words};

/// The migration table of an application that uses Diesel, as Diesel creates it.
const DIESEL: &str = "
    CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
        version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
    );";

const HOST: &str = "
    CREATE TABLE invoices (id int);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('20200101000000'), ('29990101000000');";

/// A store of an earlier version, whose applied versions are in Diesel's table.
fn old_store(database: &TestDatabase) {
    let up =
        include_str!("../../../../migrations/2026-11-21-000000-0000_create_task_history/up.sql");
    let record = format!(
        "INSERT INTO __diesel_schema_migrations VALUES ('{VERSION}', '2026-11-25 12:00:00.123456')"
    );
    database.execute(&format!("{DIESEL}{up};{record}")).unwrap();
}

fn ours(database: &TestDatabase) -> Vec<String> {
    let query =
        "SELECT version || ' ' || (run_on AT TIME ZONE 'UTC')::text FROM tasktrail_migrations
                 ORDER BY version";
    values(database, query)
}

fn old(database: &TestDatabase) -> Vec<String> {
    let query = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    values(database, query)
}

async fn is_current(postgres: &PostgresDatabase) -> bool {
    let state = postgres.schema().await.unwrap();
    state.is_current() && state.unknown.is_empty()
}

#[tokio::test]
async fn application_can_run_diesel_migrations_before_and_after_ours() {
    let database = TestDatabase::new();
    database.execute(&[DIESEL, HOST].concat()).unwrap();
    let postgres = plain(&database).await;

    assert_eq!(postgres.migrate().await.unwrap(), VERSIONS);
    let more = "INSERT INTO __diesel_schema_migrations (version) VALUES ('30000101000000')";
    database.execute(more).unwrap();

    assert_eq!(postgres.migrate().await.unwrap(), Vec::<String>::new());
    assert!(is_current(&postgres).await);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    let versions = ["20200101000000", "29990101000000", "30000101000000"];
    assert_eq!(old(&database), versions);
    let listed = postgres.migrations().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(postgres.revert().await.unwrap(), [LATER, VERSION]);
    assert_eq!(old(&database), versions);
}

#[tokio::test]
async fn unknown_version_in_our_table_is_refused() {
    let database = TestDatabase::new();
    let postgres = plain(&database).await;
    postgres.migrate().await.unwrap();
    let newer = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    database.execute(newer).unwrap();

    let refused = postgres.migrate().await.unwrap_err();

    assert!(matches!(refused, MigrateError::Newer(_)), "{refused}");
}

#[tokio::test]
async fn old_store_is_copied_once_with_its_times() {
    let database = TestDatabase::new();
    old_store(&database);
    database.execute(HOST).unwrap();
    let postgres = plain(&database).await;
    let listed = postgres.migrations().await.unwrap();
    let states: Vec<_> = listed.iter().map(|migration| migration.state).collect();
    assert_eq!(states, [MigrationState::Applied, MigrationState::Pending]);

    for applied in [&VERSIONS[1..], &[]] {
        assert_eq!(postgres.migrate().await.unwrap(), applied);

        let time = "2026-11-25 12:00:00.123456";
        assert_eq!(ours(&database)[0], format!("{VERSION} {time}"));
        let versions = ["20200101000000", VERSION, "29990101000000"];
        assert_eq!(
            old(&database),
            versions,
            "processes of the earlier version use that table"
        );
    }
    assert_eq!(postgres.migrations().await.unwrap()[0], listed[0]);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn revert_deletes_only_our_row_from_the_old_table() {
    let database = TestDatabase::new();
    old_store(&database);
    database.execute(HOST).unwrap();
    let postgres = plain(&database).await;

    let plan = postgres
        .plan_migration(&tasktrail_postgres::MigrationTarget::DownAll)
        .await
        .unwrap();
    assert_eq!(postgres.run_migration(&plan).await.unwrap(), [VERSION]);

    assert_eq!(ours(&database), Vec::<String>::new());
    assert_eq!(old(&database), ["20200101000000", "29990101000000"]);
    assert_eq!(postgres.migrate().await.unwrap(), VERSIONS);
    assert_eq!(old(&database), ["20200101000000", "29990101000000"]);
}

#[tokio::test]
async fn foreign_row_with_our_version_is_kept() {
    let database = TestDatabase::new();
    let postgres = plain(&database).await;
    postgres.migrate().await.unwrap();
    let theirs = format!("INSERT INTO __diesel_schema_migrations VALUES ('{VERSION}')");
    database.execute(&[DIESEL, &theirs].concat()).unwrap();

    postgres.revert().await.unwrap();

    assert_eq!(old(&database), [VERSION]);
    assert_eq!(postgres.migrate().await.unwrap(), VERSIONS);
}

#[tokio::test]
async fn version_row_alone_is_not_a_store() {
    let database = TestDatabase::new();
    let theirs = format!("INSERT INTO __diesel_schema_migrations VALUES ('{VERSION}')");
    database.execute(&[DIESEL, &theirs].concat()).unwrap();
    let postgres = plain(&database).await;

    assert_eq!(postgres.migrate().await.unwrap(), VERSIONS);
    assert_eq!(postgres.check_schema().await.unwrap(), []);
}

#[tokio::test]
async fn runtime_role_works_before_and_after_the_copy_of_an_old_store() {
    let database = TestDatabase::new();
    old_store(&database);
    let (role, url) = as_new_role(&database);
    let rights = format!(
        "GRANT SELECT, INSERT, DELETE ON task_history TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON task_summary TO {role};
         GRANT SELECT ON __diesel_schema_migrations TO {role}"
    );
    database.execute(&rights).unwrap();
    let service = open(&url, |config| config).await;

    let refused = service.migrate().await.unwrap_err();
    assert!(
        matches!(&refused, MigrateError::NotPermitted { versions, .. } if *versions == [LATER]),
        "{refused}"
    );
    assert_eq!(
        finish(&service, FinalStatus::Completed).await,
        Some(TaskStatus::Completed)
    );
    assert_eq!(tables(&database).len(), 3, "nothing was created");
    plain(&database).await.migrate().await.unwrap();

    assert_eq!(tables(&database).len(), 13);
    assert_eq!(service.migrate().await.unwrap(), Vec::<String>::new());
    assert!(is_current(&service).await);
}

#[tokio::test]
async fn table_copied_by_a_superuser_belongs_to_the_owner_of_the_history() {
    let database = TestDatabase::new();
    old_store(&database);
    let (role, url) = as_new_role(&database);
    let owner = format!(
        "GRANT USAGE, CREATE ON SCHEMA public TO {role};
         ALTER TABLE task_history OWNER TO {role}; ALTER TABLE task_summary OWNER TO {role}"
    );
    database.execute(&owner).unwrap();

    plain(&database).await.migrate().await.unwrap();

    let query = "SELECT tableowner FROM pg_tables WHERE tablename = 'tasktrail_migrations'";
    assert_eq!(values(&database, query), [role]);
    let owner = open(&url, |config| config).await;
    assert!(is_current(&owner).await);
}

#[tokio::test]
async fn role_sql_does_not_change_the_table_of_the_application() {
    let database = TestDatabase::new();
    old_store(&database);
    database.execute(HOST).unwrap();
    plain(&database).await.migrate().await.unwrap();
    let (host, _url) = as_new_role(&database);
    let name = database.name();
    let hosts = format!(
        "ALTER TABLE __diesel_schema_migrations OWNER TO {host};
         GRANT SELECT ON __diesel_schema_migrations TO PUBLIC"
    );
    database.execute(&hosts).unwrap();
    let query = "SELECT relowner::regrole::text || ' ' || relacl::text FROM pg_class
                 WHERE relname = '__diesel_schema_migrations'";
    let before = values(&database, query);

    let (owner, runtime) = (format!("owner_of_{name}"), format!("runtime_of_{name}"));
    let roles = DatabaseRoles::new(&owner, &runtime, "public").unwrap();
    database.execute(&roles.sql()).unwrap();

    assert_eq!(values(&database, query), before);
    let url = database.url().replace("postgres@", &format!("{runtime}@"));
    let service = open(&url, |config| config).await;
    assert_eq!(service.migrate().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn old_store_in_another_schema_is_copied_there() {
    let database = TestDatabase::new();
    database.execute(DIESEL).unwrap();
    database.execute(HOST).unwrap();
    database.execute("CREATE SCHEMA shop").unwrap();
    let path = format!("ALTER DATABASE {} SET search_path = shop", database.name());
    database.execute(&path).unwrap();
    old_store(&database);

    let refused = plain(&database).await.migrate().await.unwrap_err();
    assert!(words(&refused).contains("shop"), "{refused}");
    let postgres = in_schema(&database, "shop").await;
    postgres.migrate().await.unwrap();

    assert!(tables(&database).contains(&"shop.tasktrail_migrations".to_owned()));
    assert_eq!(ours(&database).len(), 2);
    let hosts = "SELECT count(*)::text FROM public.__diesel_schema_migrations";
    assert_eq!(values(&database, hosts), ["2"]);
}
