//! Connections that are refused, because calls would fail or disturb other clients later.

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::{Pooler, PostgresConfig, PostgresDatabase};
use tasktrail_test_support::PoolMode::{Session, Transaction};

use super::fixture::{Fixture, patient};

/// Connects, and returns the reason of the refusal.
async fn refusal(config: PostgresConfig, pooler: Pooler) -> String {
    let connected = PostgresDatabase::connect(config.with_pooler(pooler)).await;
    ErrorChain(&connected.unwrap_err()).to_string()
}

#[track_caller]
fn assert_mentions(refusal: &str, part: &str) {
    assert!(refusal.contains(part), "{refusal}");
    assert!(
        refusal.contains("\"Behind a pooler\" in docs/CONFIGURATION.md"),
        "{refusal}"
    );
}

#[tokio::test]
async fn transaction_mode_must_be_declared() {
    let fixture = Fixture::new(Transaction, "");

    let refusal = refusal(fixture.config("runtime"), Pooler::None).await;

    assert_mentions(&refusal, "set `pooler` (TASKTRAIL_POOLER) to `transaction`");
}

#[tokio::test]
async fn transaction_mode_without_prepared_statements_is_refused() {
    let fixture = Fixture::new(Transaction, "max_prepared_statements = 0");

    let refusal = refusal(fixture.config("runtime"), Pooler::Transaction).await;

    assert_mentions(&refusal, "max_prepared_statements above 0");
}

/// PgBouncer before 1.21 does the same: it passes the names of prepared statements on.
#[tokio::test]
async fn undeclared_transaction_mode_without_prepared_statements_is_refused() {
    let settings = "max_prepared_statements = 0\ndefault_pool_size = 1";
    let fixture = Fixture::new(Transaction, settings);
    let config = || fixture.config("runtime").with_connections(1, 1).unwrap();
    // A single session looks like one of its own, until another connection gets it.
    let _first = PostgresDatabase::connect(config()).await;

    let refusal = refusal(config(), Pooler::None).await;

    assert_mentions(&refusal, "the session was used by another client before");
}

#[tokio::test]
async fn declared_transaction_mode_must_exist() {
    let behind_session_mode = Fixture::new(Session, "");
    let direct = patient(&behind_session_mode.direct_url("runtime"));

    for config in [behind_session_mode.config("runtime"), direct] {
        let refusal = refusal(config, Pooler::Transaction).await;
        assert_mentions(&refusal, "or remove `pooler`");
    }
}

#[tokio::test]
async fn session_mode_must_reset_sessions() {
    let settings = "server_reset_query =\ndefault_pool_size = 1";
    let fixture = Fixture::new(Session, settings);
    let config = || fixture.config("runtime").with_connections(1, 1).unwrap();
    let first = PostgresDatabase::connect(config()).await.unwrap();
    first.close(std::time::Duration::ZERO).await;
    drop(first);

    let refusal = refusal(config(), Pooler::None).await;

    assert_mentions(&refusal, "server_reset_query = DISCARD ALL");
}

#[tokio::test]
async fn role_without_settings_can_run_the_sql_of_its_refusal() {
    let fixture = Fixture::without_roles(Transaction, "");
    let role = format!("runtime_of_{}", fixture.database.name());
    let create = format!("CREATE ROLE {role} LOGIN");
    fixture.database.execute(&create).unwrap();

    let refusal = refusal(fixture.config("runtime"), Pooler::Transaction).await;

    assert_mentions(&refusal, &format!("the role {role} lacks settings"));
    assert!(refusal.contains("enable_sort = on"), "{refusal}");
    let sql = refusal.split("run ").nth(1).unwrap();
    let sql = sql.split("; then").next().unwrap();
    let as_role = format!("SET SESSION AUTHORIZATION {role}; {sql}");
    fixture.database.execute(&as_role).unwrap();
    fixture.bouncer.reconnect();
    fixture.runtime().await;
}

#[tokio::test]
async fn limit_of_the_role_must_not_exceed_the_configured_one() {
    let fixture = Fixture::new(Transaction, "");

    let refusal = refusal(fixture.config("owner"), Pooler::Transaction).await;

    assert_mentions(&refusal, "SET statement_timeout = '30000ms'");
    fixture.owner().await;
}
