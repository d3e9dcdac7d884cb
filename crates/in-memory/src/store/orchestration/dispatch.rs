//! What the port of dispatch does.

mod claiming;
mod giving;
mod reaping;
mod reporting;

use tasktrail_domain::orchestration::dispatch::QueueLoad;
use tasktrail_domain::timestamp::Timestamp;

use super::task_table::TaskTable;

impl TaskTable {
    pub(crate) fn load(&self, at: Timestamp) -> QueueLoad {
        self.queues.load(at)
    }
}
