//! Transactions through the manager: the contract on both stores, and what only PostgreSQL has.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step of a test is a panic"
)]

/// Declares a test on each store for each case: a function of a manager.
macro_rules! on_both_stores {
    ($($case:ident),* $(,)?) => {
        mod in_memory {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(tasktrail::DatabaseManager::in_memory()).await;
                }
            )*
        }
        mod on_postgres {
            $(
                #[tokio::test]
                async fn $case() {
                    let (manager, _database) = crate::on_postgres(|config| config).await;
                    super::$case(manager).await;
                }
            )*
        }
    };
}

#[path = "transaction/contract.rs"]
mod contract;
#[path = "transaction/limits.rs"]
mod limits;
#[path = "transaction/orchestration.rs"]
mod orchestration;
#[path = "transaction/orchestration_locks.rs"]
mod orchestration_locks;
#[path = "transaction/own_statements.rs"]
mod own_statements;
#[path = "transaction/work.rs"]
mod work;

use std::time::Duration;

use serde_json::json;
use tasktrail::resilience::{ResilienceConfig, TimeoutConfig};
use tasktrail::task_history::{StepNumber, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseError, DatabaseManager, TaskKey, Transaction};
use tasktrail_test_support::TestDatabase;

type Result<T = ()> = std::result::Result<T, DatabaseError>;

fn first() -> StepNumber {
    StepNumber::from(0)
}

fn task(name: &str) -> TaskKey {
    TaskKey::new("alice", name).unwrap()
}

fn running() -> TaskStepResult {
    TaskStepResult::builder("step", TaskStatus::Running)
        .result(json!({}))
        .build()
        .unwrap()
}

async fn save(transaction: &mut Transaction, name: &str) -> Result<TaskStatus> {
    let (task, step) = (task(name), first());
    transaction.save_task_history(&task, step, running()).await
}

async fn status(manager: &DatabaseManager, name: &str) -> Option<TaskStatus> {
    manager.check_task_status(&task(name)).await.unwrap()
}

/// A manager of a new database, connected.
async fn on_postgres(
    adjust: impl FnOnce(DatabaseConfig) -> DatabaseConfig,
) -> (DatabaseManager, TestDatabase) {
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 4))
        .unwrap();
    let manager = DatabaseManager::new(adjust(config));
    manager.connect().await.unwrap();
    (manager, database)
}

/// A lock is waited for as long as an attempt may take.
fn with_brief_attempts(config: DatabaseConfig) -> DatabaseConfig {
    let brief = TimeoutConfig::default().with_attempt(Duration::from_millis(800));
    config.with_resilience(ResilienceConfig::default().with_timeout(brief))
}

fn count(database: &TestDatabase, table: &str) -> usize {
    let rows = database.execute(&format!("SELECT FROM {table}")).unwrap();
    rows.len()
}
