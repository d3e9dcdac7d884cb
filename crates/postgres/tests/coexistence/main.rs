//! A store beside other things on the same server: tables of an application, other stores, stores
//! of earlier versions, databases with other encodings.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod encodings;
mod foreign;
mod migrations_table;
mod schemas;
mod several_stores;

use std::time::Duration;

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::{MigrateError, PostgresConfig, PostgresDatabase};
use tasktrail_test_support::TestDatabase;

/// The only migration that existed while applied versions were in Diesel's table.
const VERSION: &str = "202611210000000000";

/// The migration of orchestration.
const LATER: &str = "202611280000000000";

/// All migrations.
const VERSIONS: [&str; 2] = [VERSION, LATER];

async fn open(
    url: &str,
    change: impl FnOnce(PostgresConfig) -> PostgresConfig,
) -> PostgresDatabase {
    let config = PostgresConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 2))
        .unwrap()
        .with_connect_timeout(Duration::from_secs(60));
    PostgresDatabase::connect(change(config)).await.unwrap()
}

/// With a configuration that does not set a schema.
async fn plain(database: &TestDatabase) -> PostgresDatabase {
    open(&database.url(), |config| config).await
}

async fn in_schema(database: &TestDatabase, schema: &str) -> PostgresDatabase {
    open(&database.url(), |config| config.with_schema(schema)).await
}

/// A URL of the database for a new role without privileges.
fn as_new_role(database: &TestDatabase) -> (String, String) {
    let role = format!("role_of_{}", database.name());
    database
        .execute(&format!("CREATE ROLE {role} LOGIN"))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    (role, url)
}

/// The values of a query as a flat list.
fn values(database: &TestDatabase, query: &str) -> Vec<String> {
    let rows = database.execute(query).unwrap();
    rows.into_iter().flatten().flatten().collect()
}

/// The schemas, and the relations and types that do not belong to the system, with their schemas.
fn objects(database: &TestDatabase) -> Vec<String> {
    let query = "
        WITH schemas AS (
            SELECT oid, nspname FROM pg_namespace
            WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\\_%')
        SELECT nspname FROM schemas
        UNION ALL
        SELECT nspname || '.' || relname FROM pg_class JOIN schemas ON schemas.oid = relnamespace
        UNION ALL
        SELECT nspname || '.type ' || typname FROM pg_type JOIN schemas ON schemas.oid = typnamespace
        ORDER BY 1";
    values(database, query)
}

fn tables(database: &TestDatabase) -> Vec<String> {
    let query = "SELECT schemaname || '.' || tablename FROM pg_tables
                 WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
    values(database, query)
}

fn words(error: &MigrateError) -> String {
    ErrorChain(error).to_string()
}
