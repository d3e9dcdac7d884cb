//! The contract, by a role that may do no more than services need; and what it may not do.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::Repository;
use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::repository::ErrorChain;
use tasktrail_domain::task_history::{RetentionPolicy, TaskHistoryRepository, TaskKey, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::{
    ExportSelection, ExportedItem, MigrateError, PostgresConfig, PostgresDatabase,
};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::{DatabaseRoles, PartitionHold};
use tasktrail_test_support::TestDatabase;
use tasktrail_test_support::simple_query::{QueryError, Row};

const REFUSED: &str = "42501";

/// Quotes are needed for this one.
const SHOP: &str = "Shop's \"tasks\"";

/// A database with an owner role and a runtime role of its own. Nothing is migrated yet.
struct Scene {
    database: TestDatabase,
    owner: String,
    runtime: String,
    schema: &'static str,
}

impl Scene {
    /// Roles are the whole server's, so they are named after the database.
    fn new(schema: &'static str) -> Self {
        let database = TestDatabase::new();
        let scene = Self {
            owner: format!("owner_of_{}", database.name()),
            runtime: format!("runtime_of_{}", database.name()),
            database,
            schema,
        };
        scene.give_rights();
        scene
    }

    async fn migrated(schema: &'static str) -> Self {
        let scene = Self::new(schema);
        let owner = scene.connect(&scene.owner, 0).await;
        owner.migrate().await.unwrap();
        scene.give_rights();
        scene
    }

    /// Partitioned by the owner, after the rights were given.
    async fn partitioned(schema: &'static str) -> Self {
        let scene = Self::migrated(schema).await;
        let owner = scene.connect(&scene.owner, 0).await;
        let december = "2025-12-20T00:00:00Z".parse().unwrap();
        owner.admin().partition(december, 2).await.unwrap();
        scene
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
            // The suite proves what is answered, not how soon: a busy machine is no failure.
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

    /// The tables with the rights that the runtime role has on them, and their owners.
    fn rights(&self) -> Vec<String> {
        let question = format!(
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
        let rows = self.database.execute(&question).unwrap();
        rows.into_iter().flatten().flatten().collect()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn store(scene: Scene, writers: u32) -> (Repository, Scene) {
    let runtime = scene.connect(&scene.runtime, writers).await;
    (Arc::new(runtime.task_history()), scene)
}

/// In the schema that every database has; saves share statements.
mod in_public {
    use super::{Repository, Scene, store};

    async fn fresh() -> (Repository, Scene) {
        store(Scene::migrated("public").await, 2).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// In a schema of its own, where the entries are partitioned; each save is a statement.
mod partitioned_in_another_schema {
    use super::{Repository, SHOP, Scene, store};

    async fn fresh() -> (Repository, Scene) {
        store(Scene::partitioned(SHOP).await, 0).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

#[tokio::test]
async fn the_runtime_role_exports_a_partitioned_store() {
    let scene = Scene::partitioned(SHOP).await;
    let runtime = scene.connect(&scene.runtime, 0).await;
    let step = Writer::default().step(&task("report"), 0, TaskStatus::Running);
    runtime.task_history().save(&step).await.unwrap();

    let mut export = runtime.export(&ExportSelection::default()).await.unwrap();
    let items = export.next_portion().await.unwrap().unwrap();

    assert_eq!(items.last(), Some(&ExportedItem::Entry(step)));
    assert_eq!(export.next_portion().await.unwrap(), None);
}

#[tokio::test]
async fn the_runtime_role_has_these_rights_and_no_others() {
    for schema in ["public", SHOP] {
        let scene = Scene::migrated(schema).await;
        let owner = &scene.owner;

        let expected = [
            format!("task_history of {owner}: SELECT INSERT DELETE"),
            // To see whether it is beyond all ids; drawing one for the identity column needs no right.
            format!("task_history_id_seq of {owner}: SELECT"),
            format!("task_summary of {owner}: SELECT INSERT UPDATE DELETE"),
            format!("tasktrail_migrations of {owner}: SELECT"),
        ];
        assert_eq!(scene.rights(), expected, "{schema}");

        scene.give_rights();
        assert_eq!(scene.rights(), expected, "{schema}, again");
    }
}

#[tokio::test]
async fn the_runtime_role_cannot_change_what_was_saved_nor_the_schema() {
    for schema in ["public", SHOP] {
        let scene = Scene::migrated(schema).await;
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
            let refused = scene.as_runtime(statement);
            let is_refused =
                matches!(&refused, Err(QueryError::Refused { code, .. }) if code == REFUSED);
            assert!(is_refused, "{schema}: {statement}: {refused:?}");
        }
        scene
            .as_runtime("SELECT 1 FROM task_history, task_summary, tasktrail_migrations")
            .unwrap();
    }
}

#[tokio::test]
async fn on_a_current_schema_the_runtime_role_has_nothing_to_migrate_and_is_healthy() {
    let scene = Scene::migrated(SHOP).await;
    let runtime = scene.connect(&scene.runtime, 2).await;

    assert_eq!(runtime.migrate().await.unwrap(), Vec::<String>::new());
    assert_eq!(runtime.check_schema().await.unwrap(), []);
    let health = runtime.health(Duration::from_secs(10)).await.unwrap();
    assert!(health.permitted && health.schema.is_current(), "{health:?}");
    let room = runtime.admin().storage_statistics().await.unwrap();
    assert_eq!(room.entries.live_rows, 0);
}

#[tokio::test]
async fn on_another_schema_the_runtime_role_is_told_that_it_may_not_migrate() {
    for schema in ["public", SHOP] {
        let scene = Scene::new(schema);
        let runtime = scene.connect(&scene.runtime, 2).await;
        let pending = runtime.schema().await.unwrap().pending;

        let error = runtime.migrate().await.unwrap_err();

        let said = ErrorChain(&error).to_string();
        let expected = format!(
            "the role {} may not change the schema {schema}, where {} is to be applied or taken back: \
             the owner of its tables has to run `tasktrail migrate`",
            scene.runtime,
            pending.join(", ")
        );
        assert_eq!(said, expected);
        assert!(matches!(error, MigrateError::NotPermitted { .. }));
        assert_eq!(scene.rights(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_another_role_has_made_becomes_the_owners() {
    let scene = Scene::new("public");
    let superuser = scene.connect("postgres", 0).await;
    superuser.migrate().await.unwrap();

    scene.give_rights();

    let its = format!(" of {}: ", scene.owner);
    let rights = scene.rights();
    assert!(
        rights.iter().all(|table| table.contains(&its)),
        "{rights:?}"
    );
    let owner = scene.connect(&scene.owner, 0).await;
    assert!(!owner.revert().await.unwrap().is_empty());
}

#[tokio::test]
async fn partitions_have_the_rights_of_their_table_also_those_of_another_role() {
    let scene = Scene::partitioned(SHOP).await;
    let owner = &scene.owner;
    let partitions = ["2026_01", "2026_02", "before_2026_01", "from_2026_03"];
    let expected =
        partitions.map(|name| format!("task_history_{name} of {owner}: SELECT INSERT DELETE"));
    let found = || {
        let mut rights = scene.rights();
        rights.retain(|table| table.starts_with("task_history_") && !table.contains("_id_seq"));
        rights
    };
    assert_eq!(found(), expected);

    let other = format!(
        "SET search_path TO {};
         ALTER TABLE task_history_2026_01 OWNER TO postgres;
         GRANT UPDATE ON task_history_2026_02 TO {}",
        quoted(SHOP),
        scene.runtime
    );
    scene.database.execute(&other).unwrap();
    scene.give_rights();
    assert_eq!(found(), expected);
}

#[tokio::test]
async fn the_runtime_role_learns_who_can_drop_partitions() {
    let scene = Scene::partitioned(SHOP).await;
    let runtime = scene.connect(&scene.runtime, 0).await;
    let task = TaskKey::new("alice", "task").unwrap();
    let entry = Writer::default().step(&task, 0, TaskStatus::Completed);
    runtime.task_history().save(&entry).await.unwrap();

    let policy = RetentionPolicy::older_than(Timestamp::MAX);
    let found = runtime
        .admin()
        .partition_outlook(&policy, Timestamp::MAX)
        .await;

    let found = found.unwrap().unwrap();
    let owner = scene.owner.clone();
    let holds: Vec<_> = found.into_iter().map(|found| found.hold).collect();
    assert_eq!(holds, [Some(PartitionHold::NotOwner { owner })]);
}

#[tokio::test]
async fn until_rights_are_given_new_tables_cannot_be_updated() {
    let scene = Scene::new("public");
    let owner = scene.connect(&scene.owner, 0).await;

    owner.migrate().await.unwrap();

    let rights = scene.rights();
    let updatable = rights.iter().filter(|table| table.contains("UPDATE"));
    assert_eq!(updatable.count(), 0, "{rights:?}");
    assert!(rights[0].ends_with(": SELECT INSERT DELETE"), "{rights:?}");
    let runtime = scene.connect(&scene.runtime, 0).await;
    let health = runtime.health(Duration::from_secs(10)).await.unwrap();
    assert!(!health.permitted, "{health:?}");
}

#[tokio::test]
async fn an_owner_of_the_database_who_may_create_roles_can_give_the_rights() {
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
fn names_reach_the_server_as_they_are() {
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
