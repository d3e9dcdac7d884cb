//! The conformance suite with the runtime role, and what that role may not do.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::Repository;
use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::ErrorChain;
use tasktrail_domain::task_history::{RetentionPolicy, TaskHistoryRepository, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{
    ExportSelection, ExportedItem, MigrateError, PostgresConfig, PostgresDatabase,
};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::{DatabaseRoles, PartitionHold};
use tasktrail_test_support::TestDatabase;
use tasktrail_test_support::simple_query::{QueryError, Row};

const REFUSED: &str = "42501";

/// A name that must be quoted.
const SHOP: &str = "Shop's \"tasks\"";

/// A database with its own owner role and runtime role. Nothing is migrated yet.
struct Fixture {
    database: TestDatabase,
    owner: String,
    runtime: String,
    schema: &'static str,
}

impl Fixture {
    /// Roles belong to the whole server, so their names contain that of the database.
    fn new(schema: &'static str) -> Self {
        let database = TestDatabase::new();
        let fixture = Self {
            owner: format!("owner_of_{}", database.name()),
            runtime: format!("runtime_of_{}", database.name()),
            database,
            schema,
        };
        fixture.give_rights();
        fixture
    }

    async fn migrated(schema: &'static str) -> Self {
        let fixture = Self::new(schema);
        let owner = fixture.connect(&fixture.owner, 0).await;
        owner.migrate().await.unwrap();
        fixture.give_rights();
        fixture
    }

    /// Partitioned by the owner after the privileges were granted.
    async fn partitioned(schema: &'static str) -> Self {
        let fixture = Self::migrated(schema).await;
        let owner = fixture.connect(&fixture.owner, 0).await;
        let december = "2025-12-20T00:00:00Z".parse().unwrap();
        owner.admin().partition(december, 2).await.unwrap();
        fixture
    }

    fn roles_sql(&self) -> String {
        let roles = DatabaseRoles::new(&self.owner, &self.runtime, self.schema);
        roles.unwrap().sql()
    }

    fn give_rights(&self) {
        self.database.execute(&self.roles_sql()).unwrap();
    }

    async fn connect(&self, role: &str, writers: u32) -> PostgresDatabase {
        let url = self
            .database
            .url()
            .replace("postgres@", &format!("{role}@"));
        let config = PostgresConfig::from_url(url)
            .and_then(|config| config.with_connections(1, 8))
            .unwrap()
            // The suite checks results, not latency, so a busy machine must not cause a failure.
            .with_acquire_timeout(Duration::from_secs(60))
            .with_connect_timeout(Duration::from_secs(60))
            .with_schema(self.schema)
            .with_group_commit(writers);
        PostgresDatabase::connect(config).await.unwrap()
    }

    fn as_runtime(&self, statement: &str) -> Result<Vec<Row>, QueryError> {
        let (role, schema) = (&self.runtime, self.schema.replace('"', "\"\""));
        self.database.execute(&format!(
            "SET SESSION AUTHORIZATION {role}; SET search_path TO \"{schema}\"; {statement}"
        ))
    }

    /// The tables with the privileges of the runtime role, and their owners.
    fn rights(&self) -> Vec<String> {
        let query = format!(
            "SELECT format('%s of %s: %s', relname, pg_get_userbyid(relowner),
                           (SELECT string_agg(wanted, ' ') FROM unnest(ARRAY[
                                'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES',
                                'TRIGGER']) AS wanted
                            WHERE has_table_privilege('{}', pg_class.oid, wanted)))
             FROM pg_class WHERE relnamespace = '{}'::regnamespace AND relkind IN ('r', 'p', 'S')
             ORDER BY relname COLLATE \"C\"",
            self.runtime,
            quoted(self.schema).replace('\'', "''")
        );
        let rows = self.database.execute(&query).unwrap();
        rows.into_iter().flatten().flatten().collect()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn store(fixture: Fixture, writers: u32) -> (Repository, Fixture) {
    let runtime = fixture.connect(&fixture.runtime, writers).await;
    (Arc::new(runtime.task_history()), fixture)
}

/// In the default schema; saves are batched.
mod in_public {
    use super::{Fixture, Repository, store};

    async fn fresh() -> (Repository, Fixture) {
        store(Fixture::migrated("public").await, 2).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// In a separate schema, partitioned; each save is sent in its own statement.
mod partitioned_in_another_schema {
    use super::{Fixture, Repository, SHOP, store};

    async fn fresh() -> (Repository, Fixture) {
        store(Fixture::partitioned(SHOP).await, 0).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

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
async fn runtime_role_has_exactly_these_privileges() {
    for schema in ["public", SHOP] {
        let fixture = Fixture::migrated(schema).await;
        let owner = &fixture.owner;

        let expected = [
            format!("task_history of {owner}: SELECT INSERT DELETE"),
            // Needed to check that it is above all ids. The identity column does not need a
            // privilege to draw ids.
            format!("task_history_id_seq of {owner}: SELECT"),
            format!("task_summary of {owner}: SELECT INSERT UPDATE DELETE"),
            format!("tasktrail_migrations of {owner}: SELECT"),
        ];
        assert_eq!(fixture.rights(), expected, "{schema}");

        fixture.give_rights();
        assert_eq!(fixture.rights(), expected, "{schema}, again");
    }
}

#[tokio::test]
async fn runtime_role_cannot_change_saved_entries_or_the_schema() {
    for schema in ["public", SHOP] {
        let fixture = Fixture::migrated(schema).await;
        for statement in [
            "UPDATE task_history SET step = 1",
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
async fn tables_of_another_role_are_transferred_to_the_owner() {
    let fixture = Fixture::new("public");
    let superuser = fixture.connect("postgres", 0).await;
    superuser.migrate().await.unwrap();

    fixture.give_rights();

    let its = format!(" of {}: ", fixture.owner);
    let rights = fixture.rights();
    assert!(
        rights.iter().all(|table| table.contains(&its)),
        "{rights:?}"
    );
    let owner = fixture.connect(&fixture.owner, 0).await;
    assert!(!owner.revert().await.unwrap().is_empty());
}

#[tokio::test]
async fn partitions_get_the_privileges_of_their_table() {
    let fixture = Fixture::partitioned(SHOP).await;
    let owner = &fixture.owner;
    let partitions = ["2026_01", "2026_02", "before_2026_01", "from_2026_03"];
    let expected =
        partitions.map(|name| format!("task_history_{name} of {owner}: SELECT INSERT DELETE"));
    let found = || {
        let mut rights = fixture.rights();
        rights.retain(|table| table.starts_with("task_history_") && !table.contains("_id_seq"));
        rights
    };
    assert_eq!(found(), expected);

    let other = format!(
        "SET search_path TO {};
         ALTER TABLE task_history_2026_01 OWNER TO postgres;
         GRANT UPDATE ON task_history_2026_02 TO {}",
        quoted(SHOP),
        fixture.runtime
    );
    fixture.database.execute(&other).unwrap();
    fixture.give_rights();
    assert_eq!(found(), expected);
}

#[tokio::test]
async fn outlook_names_the_owner_to_the_runtime_role() {
    let fixture = Fixture::partitioned(SHOP).await;
    let runtime = fixture.connect(&fixture.runtime, 0).await;
    let task = TaskKey::new("alice", "task").unwrap();
    let entry = Writer::default().step(&task, 0, TaskStatus::Completed);
    runtime.task_history().save(&entry).await.unwrap();

    let policy = RetentionPolicy::older_than(Timestamp::MAX);
    let found = runtime
        .admin()
        .partition_outlook(&policy, Timestamp::MAX)
        .await;

    let found = found.unwrap().unwrap();
    let owner = fixture.owner.clone();
    let holds: Vec<_> = found.into_iter().map(|found| found.hold).collect();
    assert_eq!(holds, [Some(PartitionHold::NotOwner { owner })]);
}

#[tokio::test]
async fn new_tables_cannot_be_updated_before_privileges_are_granted() {
    let fixture = Fixture::new("public");
    let owner = fixture.connect(&fixture.owner, 0).await;

    owner.migrate().await.unwrap();

    let rights = fixture.rights();
    let updatable = rights.iter().filter(|table| table.contains("UPDATE"));
    assert_eq!(updatable.count(), 0, "{rights:?}");
    assert!(rights[0].ends_with(": SELECT INSERT DELETE"), "{rights:?}");
    let runtime = fixture.connect(&fixture.runtime, 0).await;
    let health = runtime.health(Duration::from_secs(10)).await.unwrap();
    assert!(!health.permitted, "{health:?}");
}

#[tokio::test]
async fn database_owner_with_createrole_can_run_the_role_sql() {
    let database = TestDatabase::new();
    let (name, admin) = (database.name(), format!("admin_of_{}", database.name()));
    let create = format!("CREATE ROLE {admin} CREATEROLE; ALTER DATABASE {name} OWNER TO {admin}");
    database.execute(&create).unwrap();
    let (owner, runtime) = (format!("o_{name}"), format!("r_{name}"));
    for schema in ["public", SHOP] {
        let sql = DatabaseRoles::new(&owner, &runtime, schema).unwrap().sql();

        database
            .execute(&format!("SET ROLE {admin}; {sql}"))
            .unwrap();

        let asked = format!(
            "SELECT has_schema_privilege('{owner}', '{name}', 'CREATE'),
                    has_schema_privilege('{runtime}', '{name}', 'USAGE'),
                    has_schema_privilege('{runtime}', '{name}', 'CREATE')",
            name = schema.replace('\'', "''")
        );
        let answer: Vec<_> = database.execute(&asked).unwrap().remove(0);
        let answer: Vec<_> = answer.iter().flatten().map(String::as_str).collect();
        assert_eq!(answer, ["t", "t", "f"], "{schema}");
    }
}

#[test]
fn role_names_are_quoted() {
    let database = TestDatabase::new();
    let names = ["O'Brien \"$roles$\"", "RUN; DROP ROLE postgres"];
    let [owner, runtime] = names.map(|name| format!("{name} {}", database.name()));

    let sql = DatabaseRoles::new(&owner, &runtime, SHOP).unwrap().sql();
    database.execute(&sql).unwrap();

    let roles = "SELECT rolname FROM pg_roles WHERE rolname LIKE '%' || current_database()
                 ORDER BY rolname COLLATE \"C\"";
    let found: Vec<_> = database.execute(roles).unwrap().concat();
    assert_eq!(found, [Some(owner), Some(runtime)]);
}
