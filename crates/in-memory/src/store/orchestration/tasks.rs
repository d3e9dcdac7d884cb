//! What the port of tasks does.

mod cancelling;
mod changes;
mod creation;
mod dependencies;
mod graph;
mod retention;

use tasktrail_domain::orchestration::task::{TaskCounts, TaskCursor, TaskFilter, TaskOverview};
use tasktrail_domain::repository::{Page, PageRequest};

use super::task_table::TaskTable;

pub(crate) use self::retention::ExpiredBatch;

impl TaskTable {
    pub(crate) fn counts(&self) -> TaskCounts {
        self.lists.counts()
    }

    pub(crate) fn page(
        &self,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Page<TaskOverview, TaskCursor> {
        let places = self.lists.page(filter, page);
        let tasks = places.iter().filter_map(|place| self.get(&place.task));
        Page::of(
            tasks.map(TaskOverview::of).collect(),
            page.size,
            TaskCursor::of,
        )
    }
}
