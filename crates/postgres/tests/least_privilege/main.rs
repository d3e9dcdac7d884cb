//! The owner role and the runtime role: their privileges, and the contract with the runtime role.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod contract;
mod granted;
mod runtime_role;

use std::time::Duration;

use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_test_support::TestDatabase;
use tasktrail_test_support::simple_query::{QueryError, Row};

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
            .with_lock_timeout(Duration::from_secs(60))
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
