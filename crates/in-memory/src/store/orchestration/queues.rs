use std::collections::{BTreeMap, BTreeSet};

use tasktrail_domain::orchestration::agent::AgentDescription;
use tasktrail_domain::orchestration::dispatch::{QueueLoad, ReadyTasks};
use tasktrail_domain::orchestration::task::{Task, claim_order};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{Document, TaskId};

use crate::store::task_history::count;

/// The ready tasks of an owner by queue, so that a claim does not scan all tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queues(BTreeMap<String, Queue>);

/// The ready tasks with equal required capabilities.
#[derive(Debug, Clone)]
struct Queue {
    required: Document,
    tasks: BTreeSet<Place>,
}

/// A place in a queue: the [`claim_order`], the id, and when the task is due.
type Place = (i64, TaskId, Timestamp);

impl Queues {
    /// Adds a task if it is ready.
    pub(super) fn insert(&mut self, task: &Task) {
        let Some(place) = place(task) else { return };
        let required = &task.definition.required_capabilities;
        let queue = self.0.entry(required.to_string());
        let queue = queue.or_insert_with(|| Queue {
            required: required.clone(),
            tasks: BTreeSet::new(),
        });
        queue.tasks.insert(place);
    }

    pub(super) fn remove(&mut self, task: &Task) {
        let Some(place) = place(task) else { return };
        let required = task.definition.required_capabilities.as_str();
        if let Some(queue) = self.0.get_mut(required) {
            queue.tasks.remove(&place);
            if queue.tasks.is_empty() {
                self.0.remove(required);
            }
        }
    }

    /// Returns up to `limit` tasks that an agent can do and that are due at `at`, the most urgent
    /// first.
    pub(super) fn due(&self, agent: &AgentDescription, at: Timestamp, limit: usize) -> Vec<TaskId> {
        let fitting = self.0.values().filter(|queue| agent.fits(&queue.required));
        let first_due = |queue: &'_ Queue| -> Vec<(i64, TaskId)> {
            let due = queue.tasks.iter().filter(|(_, _, due_at)| *due_at <= at);
            due.take(limit)
                .map(|(order, id, _)| (*order, id.clone()))
                .collect()
        };
        let mut due: Vec<_> = fitting.flat_map(first_due).collect();
        due.sort_unstable();
        due.truncate(limit);
        due.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn load(&self, at: Timestamp) -> QueueLoad {
        let load = |queue: &Queue| {
            let due = || {
                let due_at = queue.tasks.iter().map(|(_, _, due_at)| *due_at);
                due_at.filter(|due_at| *due_at <= at)
            };
            let ready = count(queue.tasks.len());
            ReadyTasks::new(
                queue.required.clone(),
                ready,
                count(due().count()),
                due().min(),
            )
        };
        QueueLoad::new(self.0.values().map(load).collect())
    }
}

fn place(task: &Task) -> Option<Place> {
    let due_at = task.progress.due_at?;
    let order = claim_order(due_at, task.definition.priority);
    Some((order, task.key.task.clone(), due_at))
}
