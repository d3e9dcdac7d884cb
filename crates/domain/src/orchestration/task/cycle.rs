//! Cycles that new dependencies would close.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::TaskId;

/// The prerequisites of tasks.
pub type Prerequisites = BTreeMap<TaskId, BTreeSet<TaskId>>;

/// Finds a shortest cycle that a task is on if it depends on `added` as well.
///
/// `prerequisites` has the existing dependencies of each task that can be reached from `added`.
/// Each task of the result depends on the next one, and the first is also the last.
#[must_use]
pub fn find_cycle<'t>(
    task: &TaskId,
    added: impl IntoIterator<Item = &'t TaskId>,
    prerequisites: &Prerequisites,
) -> Option<Vec<TaskId>> {
    let starts: BTreeSet<&TaskId> = added.into_iter().collect();
    let mut reached: BTreeMap<&TaskId, &TaskId> = BTreeMap::new();
    let mut queue: VecDeque<&TaskId> = VecDeque::new();
    for start in starts {
        reached.insert(start, task);
        queue.push_back(start);
    }
    while let Some(last) = queue.pop_front() {
        if last == task {
            return Some(path(task, &reached));
        }
        for next in prerequisites.get(last).into_iter().flatten() {
            if !reached.contains_key(next) {
                reached.insert(next, last);
                queue.push_back(next);
            }
        }
    }
    None
}

fn path(task: &TaskId, reached: &BTreeMap<&TaskId, &TaskId>) -> Vec<TaskId> {
    let mut path = vec![task.clone()];
    let mut last = task;
    while let Some(&before) = reached.get(last) {
        path.push(before.clone());
        if before == task {
            break;
        }
        last = before;
    }
    path.reverse();
    path
}
