use std::collections::{BTreeMap, BTreeSet};

use crate::TaskId;
use crate::orchestration::task::new_task::NewTask;

/// Sorts tasks so that each comes after those of them that `before` returns for it, and otherwise
/// by id.
///
/// If that is impossible, the error is a cycle: each of its tasks comes after the next one, and the
/// first is also the last.
pub(super) fn in_order<'t, B>(
    tasks: &'t BTreeMap<TaskId, NewTask>,
    before: impl Fn(&'t NewTask) -> B,
) -> Result<Vec<&'t TaskId>, Vec<&'t TaskId>>
where
    B: IntoIterator<Item = &'t TaskId>,
{
    let mut waiting: BTreeMap<&TaskId, usize> = BTreeMap::new();
    let mut after: BTreeMap<&TaskId, Vec<&TaskId>> = BTreeMap::new();
    for (id, task) in tasks {
        let count = waiting.entry(id).or_default();
        for earlier in before(task) {
            if tasks.contains_key(earlier) {
                after.entry(earlier).or_default().push(id);
                *count += 1;
            }
        }
    }
    let first = waiting.iter().filter(|(_, count)| **count == 0);
    let mut ready: BTreeSet<&TaskId> = first.map(|(id, _)| *id).collect();
    let mut sorted = Vec::with_capacity(tasks.len());
    while let Some(id) = ready.pop_first() {
        sorted.push(id);
        waiting.remove(id);
        for later in after.remove(id).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(later) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(later);
                }
            }
        }
    }
    // Each of the waiting tasks comes after another one of them, so this leads into a cycle.
    let next = |id: &TaskId| {
        let mut earlier = before(tasks.get(id)?).into_iter();
        earlier.find(|id| waiting.contains_key(id))
    };
    match waiting.keys().next() {
        None => Ok(sorted),
        Some(start) => Err(cycle_from(start, next)),
    }
}

/// Follows `next` from a task until a task repeats, and returns the tasks from its first place on.
fn cycle_from<'t>(
    start: &'t TaskId,
    next: impl Fn(&TaskId) -> Option<&'t TaskId>,
) -> Vec<&'t TaskId> {
    let mut path = vec![start];
    let mut places = BTreeMap::from([(start, 0)]);
    while let Some(id) = path.last().and_then(|last| next(last)) {
        let place = path.len();
        path.push(id);
        if let Some(first) = places.insert(id, place) {
            return path.split_off(first);
        }
    }
    path
}
