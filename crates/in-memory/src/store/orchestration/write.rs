//! How a write is applied once, with its entries in the audit log.

use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::{TaskState, WriteConflict};
use tasktrail_domain::task_history::FinalStatus;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, TaskKey};

use super::owner::Owner;
use super::purpose::Purpose;

/// A write in progress. The methods of the ports are its functions.
pub(crate) struct Write<'w> {
    pub(super) owner: &'w mut Owner,
    pub(super) context: &'w WriteContext,
    /// The entries of the audit log, in their order.
    pub(super) changes: Vec<Change>,
    pub(super) ended: Vec<EndedTask>,
}

/// A task that a write ended, to be finished in the task history.
#[derive(Debug, Clone)]
pub(crate) struct EndedTask {
    pub(crate) task: TaskKey,
    pub(crate) status: FinalStatus,
    pub(crate) at: Timestamp,
}

impl Owner {
    /// Applies a write, unless it is a repetition. Returns its answer, and the tasks that it ended.
    pub(crate) fn write<T: Clone + Send + Sync + 'static>(
        &mut self,
        context: &WriteContext,
        purpose: Purpose,
        change: impl FnOnce(&mut Write<'_>) -> T,
    ) -> Result<(T, Vec<EndedTask>), WriteConflict> {
        if let Some(answer) = self.log.answer(context.id, &purpose)? {
            return Ok((answer, Vec::new()));
        }
        let mut write = Write {
            owner: self,
            context,
            changes: Vec::new(),
            ended: Vec::new(),
        };
        let answer = change(&mut write);
        let Write { changes, ended, .. } = write;
        self.log
            .add(&self.user, context, changes, purpose, answer.clone());
        Ok((answer, ended))
    }
}

impl Write<'_> {
    /// Finishes a task in the task history, if its state ends it.
    pub(super) fn finish(&mut self, task: &TaskId, state: TaskState) {
        if let Some(status) = state.final_status() {
            self.ended.push(EndedTask {
                task: self.owner.task_key(task),
                status,
                at: self.context.at,
            });
        }
    }

    /// Adds an entry of the service.
    pub(crate) fn record(&mut self, entry: Change) {
        self.changes.push(entry);
    }
}
