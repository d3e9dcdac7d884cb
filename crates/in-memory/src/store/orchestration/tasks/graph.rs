use std::collections::BTreeSet;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::task::{TaskEdge, TaskGraph, TaskOverview};

use crate::store::orchestration::task_table::TaskTable;

impl TaskTable {
    pub(crate) fn graph(&self, id: &TaskId) -> TaskGraph {
        if self.get(id).is_none() {
            return TaskGraph::default();
        }
        let (ids, truncated) = self.connected(id);
        let tasks: Vec<_> = ids.iter().filter_map(|id| self.get(id)).collect();
        let edges = tasks.iter().flat_map(|task| {
            let within = task.dependencies.iter();
            let within = within.filter(|edge| ids.contains(&edge.prerequisite));
            within.map(|edge| TaskEdge {
                task: task.key.task.clone(),
                prerequisite: edge.prerequisite.clone(),
                when: edge.when,
            })
        });
        let edges = edges.collect();
        TaskGraph::new(
            tasks.into_iter().map(TaskOverview::of).collect(),
            edges,
            truncated,
        )
    }

    /// Returns the task with those before and after it, the nearest first, and whether there are more.
    fn connected(&self, id: &TaskId) -> (BTreeSet<TaskId>, bool) {
        let mut connected = BTreeSet::from([id.clone()]);
        let mut before = connected.clone();
        let mut after = connected.clone();
        loop {
            before = self.prerequisites(&before);
            after = self.direct_dependants(&after);
            for task in before.iter().chain(&after).collect::<BTreeSet<_>>() {
                if connected.contains(task) {
                    continue;
                }
                if connected.len() == TaskGraph::MAX_TASKS {
                    return (connected, true);
                }
                connected.insert(task.clone());
            }
            if before.is_empty() && after.is_empty() {
                return (connected, false);
            }
        }
    }

    fn prerequisites(&self, of: &BTreeSet<TaskId>) -> BTreeSet<TaskId> {
        let tasks = of.iter().filter_map(|id| self.get(id));
        let edges = tasks.flat_map(|task| &task.dependencies);
        edges.map(|edge| edge.prerequisite.clone()).collect()
    }

    fn direct_dependants(&self, of: &BTreeSet<TaskId>) -> BTreeSet<TaskId> {
        let edges = of
            .iter()
            .filter_map(|id| self.dependants().get(id))
            .flatten();
        edges.map(|(task, _)| task.clone()).collect()
    }
}
