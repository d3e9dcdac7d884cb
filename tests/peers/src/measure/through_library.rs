//! Tasktrail through its library, because `tasktrail bench` refuses a store that has histories.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::TestDatabase;

use crate::drive::{CONNECTIONS, Caller, drive};
use crate::figures::Figures;
use crate::workload::Workload;

/// Measures saves. Each caller starts with the task of the given number.
pub(crate) async fn saves(
    database: &TestDatabase,
    callers: u32,
    first_task: u32,
    time: Duration,
) -> Result<Figures> {
    let manager = connect(database).await?;
    let history = manager.task_history()?;
    let callers = (0..callers).map(|caller| {
        Ok(Saver {
            history: Arc::clone(&history),
            workload: Workload::from_task(caller, first_task)?,
        })
    });
    let figures = drive(callers.collect::<Result<_>>()?, time).await?;
    manager.close().await;
    Ok(figures)
}

/// Connects with default settings, and opens all connections at the start.
pub(crate) async fn connect(database: &TestDatabase) -> Result<DatabaseManager> {
    let config =
        DatabaseConfig::from_url(database.url())?.with_connections(CONNECTIONS, CONNECTIONS)?;
    let manager = DatabaseManager::new(config);
    manager.connect().await?;
    Ok(manager)
}

struct Saver {
    history: Arc<dyn TaskHistoryRepository>,
    workload: Workload,
}

impl Caller for Saver {
    async fn call(&mut self) -> Result<()> {
        self.history.save(&self.workload.next()?).await?;
        Ok(())
    }
}
