//! How code handles a store that fails: with the mock of the port.

use std::sync::Arc;

use tasktrail::TaskKey;
use tasktrail::repository::{Effect, ErrorKind, RepositoryError};
use tasktrail::task_history::{
    MockTaskHistoryRepository, TaskHistoryRepository, TaskStatus, operation,
};

/// Whether a user may download a report: never if that is not known.
async fn may_download(history: &dyn TaskHistoryRepository, task: &TaskKey) -> bool {
    let status = history.status(task).await;
    status.is_ok_and(|status| status == Some(TaskStatus::Completed))
}

#[tokio::test]
async fn nothing_is_downloaded_while_the_store_is_down() {
    let mut history = MockTaskHistoryRepository::new();
    history.expect_status().returning(|_| {
        let down = RepositoryError::new(operation::STATUS, ErrorKind::Unavailable, Effect::Unknown);
        Err(down)
    });
    let history: Arc<dyn TaskHistoryRepository> = Arc::new(history);

    let task = TaskKey::new("alice", "report-7").unwrap();

    assert!(!may_download(&*history, &task).await);
}
