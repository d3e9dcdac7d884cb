use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{TaskCounts, TaskCursor, TaskFilter, TaskOverview};
use tasktrail_domain::repository::PageRequest;

use crate::store::task_history::count;

/// The tasks of an owner in the order of the list, so that reading a page does not scan all tasks.
///
/// There is one list for each state, and one for the parts of each task in each state. A page is
/// merged from a few lists, and each is read no further than a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskLists {
    by_state: BTreeMap<TaskState, BTreeSet<TaskCursor>>,
    parts: BTreeMap<TaskId, BTreeMap<TaskState, BTreeSet<TaskCursor>>>,
}

impl TaskLists {
    pub(super) fn insert(&mut self, task: &TaskOverview) {
        let state = task.progress.state;
        let place = TaskCursor::of(task);
        if let Some(parent) = &task.parent {
            let parts = self.parts.entry(parent.clone()).or_default();
            parts.entry(state).or_default().insert(place.clone());
        }
        self.by_state.entry(state).or_default().insert(place);
    }

    pub(super) fn remove(&mut self, task: &TaskOverview) {
        let state = task.progress.state;
        let place = TaskCursor::of(task);
        let parts = task
            .parent
            .as_ref()
            .and_then(|parent| self.parts.get_mut(parent));
        for lists in parts.into_iter().chain([&mut self.by_state]) {
            if let Some(places) = lists.get_mut(&state) {
                places.remove(&place);
            }
        }
    }

    /// Returns the parts of a task.
    pub(super) fn parts(&self, parent: &TaskId) -> impl Iterator<Item = &TaskId> {
        let places = self
            .parts
            .get(parent)
            .into_iter()
            .flat_map(BTreeMap::values);
        places.flatten().map(|place| &place.task)
    }

    pub(super) fn counts(&self) -> TaskCounts {
        let lists = self.by_state.iter();
        lists
            .map(|(state, places)| (*state, count(places.len())))
            .filter(|(_, tasks)| *tasks > 0)
            .collect()
    }

    /// Returns the positions of the tasks of a page, and of one more, in the order of the list.
    pub(super) fn page(
        &self,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Vec<TaskCursor> {
        let wanted = page.size.get() + 1;
        let until = filter.created_until.map(|created_at| TaskCursor {
            created_at,
            task: TaskId::FIRST,
        });
        let before = page.after.clone().into_iter().chain(until).min();
        let before = before.map_or(Bound::Unbounded, Bound::Excluded);
        let lists = match &filter.parent {
            None => Some(&self.by_state),
            Some(parent) => self.parts.get(parent),
        };
        let mut places: Vec<_> = filter
            .states
            .iter()
            .filter_map(|state| lists?.get(&state))
            .flat_map(|places| {
                let listed = places.range((Bound::Unbounded, before.clone())).rev();
                listed
                    .take_while(|place| filter.created_since.is_none_or(|t| place.created_at >= t))
                    .take(wanted)
            })
            .cloned()
            .collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.truncate(wanted);
        places
    }
}
