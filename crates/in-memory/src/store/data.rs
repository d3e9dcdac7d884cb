//! The data of all contexts, and the versions of it that a transaction has written.

use std::collections::BTreeMap;

use tasktrail_domain::{TaskKey, UserId};

use super::orchestration::{EndedTask, Owner, Owners};
use super::task_history::{Task, Tasks};

/// The data of a store, by context.
#[derive(Debug, Default)]
pub(crate) struct Data {
    pub(crate) histories: Tasks,
    pub(crate) owners: Owners,
}

/// What a transaction has written.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    /// Tasks by key; `None` for a task that does not exist.
    tasks: BTreeMap<TaskKey, Option<Task>>,
    owners: BTreeMap<UserId, Owner>,
}

impl Data {
    /// Finishes tasks in the task history. A finish that exists is kept.
    pub(crate) fn finish(&mut self, ended: &[EndedTask]) {
        for EndedTask { task, status, at } in ended {
            self.histories.finish(task, *status, *at);
        }
    }

    /// Puts the versions in the place of the data, and the data in the place of the versions.
    pub(crate) fn exchange(&mut self, versions: &mut Versions) {
        self.histories.exchange(&mut versions.tasks);
        self.owners.exchange(&mut versions.owners);
    }
}

impl Versions {
    /// Begins a version of a task as the task is, unless there is one.
    pub(crate) fn begin_task(&mut self, task: &TaskKey, data: &Data) {
        let version = self.tasks.entry(task.clone());
        version.or_insert_with(|| data.histories.task(task).cloned());
    }

    /// Begins a version of the data of an owner as it is, unless there is one.
    pub(crate) fn begin_owner(&mut self, user: &UserId, data: &Data) {
        let version = self.owners.entry(user.clone());
        version.or_insert_with(|| data.owners.copy(user));
    }
}
