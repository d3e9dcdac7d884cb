//! Finding what was under way when a service stopped.

use std::time::Duration;

use tasktrail_domain::UserPrefix;
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::{
    ListAllCursor, TaskFilter, TaskHistoryRepository, TaskSummary,
};

use super::{DatabaseManager, Result};

impl DatabaseManager {
    /// Returns a page of the open tasks of all users without activity for `idle`: after a crash,
    /// what was under way.
    ///
    /// A task is open until it is finished, whatever its status. Choose `idle` longer than the
    /// longest step, so that tasks that other processes work on are not included. Tasks are sorted
    /// by user, and the tasks of each user by latest activity.
    ///
    /// The page passes the finished tasks before it, so its cost grows with the store. If you need
    /// only tasks whose last step is `pending` or `running`, list these statuses with
    /// [`list_all`](TaskHistoryRepository::list_all) of the port: such a page passes only users.
    ///
    /// A page that does not finish within `timeout.long_attempt` (60 seconds by default) fails, and so
    /// would a smaller one. In a store with many millions of finished tasks, walk the
    /// [`users`](TaskHistoryRepository::users) and list the tasks of each instead, or narrow
    /// [`list_all`](TaskHistoryRepository::list_all) by a prefix.
    ///
    /// The result crosses users: never return it to one of them.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`].
    pub async fn get_open_tasks(
        &self,
        idle: Duration,
        page: &PageRequest<ListAllCursor>,
    ) -> Result<Page<TaskSummary, ListAllCursor>> {
        let idle_since = self.0.clock.now().saturating_sub(idle);
        let filter = TaskFilter::default()
            .with_finished(false)
            .with_until(idle_since);
        let histories = self.task_history()?;
        Ok(histories.list_all(&UserPrefix::ALL, &filter, page).await?)
    }
}
