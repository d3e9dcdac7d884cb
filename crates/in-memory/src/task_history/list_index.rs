use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::{ErrorCode, ListCursor, TaskFilter, TaskStatus, TaskSummary};

/// A user's tasks in the order of the list, so that a page is read without looking at the others.
///
/// One list per status, and one per error code and status: whatever a filter asks for, a page is
/// merged from at most six lists, each read no further than the page is long.
#[derive(Debug, Default)]
pub(super) struct ListIndex {
    by_status: BTreeMap<TaskStatus, BTreeSet<ListCursor>>,
    by_error_code: BTreeMap<(ErrorCode, TaskStatus), BTreeSet<ListCursor>>,
}

impl ListIndex {
    pub(super) fn insert(&mut self, task: &TaskSummary) {
        let place = ListCursor::of(task);
        if let Some(code) = &task.error_code {
            let key = (code.clone(), task.status);
            self.by_error_code
                .entry(key)
                .or_default()
                .insert(place.clone());
        }
        self.by_status.entry(task.status).or_default().insert(place);
    }

    pub(super) fn remove(&mut self, task: &TaskSummary) {
        let place = ListCursor::of(task);
        if let Some(places) = self.by_status.get_mut(&task.status) {
            places.remove(&place);
        }
        if let Some(code) = &task.error_code {
            let key = (code.clone(), task.status);
            if let Some(places) = self.by_error_code.get_mut(&key) {
                places.remove(&place);
                if places.is_empty() {
                    self.by_error_code.remove(&key);
                }
            }
        }
    }

    /// Whether there are at least so many tasks before this one in the order of the list.
    pub(super) fn has_newer(&self, wanted: u64, task: &TaskSummary) -> bool {
        let place = ListCursor::of(task);
        let behind = (Bound::Excluded(&place), Bound::Unbounded);
        let newer = self
            .by_status
            .values()
            .flat_map(|places| places.range(behind));
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        newer.take(wanted).count() == wanted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_status.values().all(BTreeSet::is_empty)
    }

    /// The places of the page and one beyond it, in the order of the list.
    pub(super) fn page(
        &self,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Vec<ListCursor> {
        let wanted = page.size.get() + 1;
        let until = filter.until.map(ListCursor::until);
        let before = match (&page.after, &until) {
            (Some(cursor), Some(until)) => Bound::Excluded(cursor.min(until)),
            (Some(place), None) | (None, Some(place)) => Bound::Excluded(place),
            (None, None) => Bound::Unbounded,
        };
        let mut places: Vec<_> = filter
            .statuses
            .iter()
            .filter_map(|status| self.places(filter.error_code.as_ref(), status))
            .flat_map(|places| {
                places
                    .range((Bound::Unbounded, before))
                    .rev()
                    .take_while(|place| filter.since.is_none_or(|t| place.last_updated >= t))
                    .take(wanted)
            })
            .cloned()
            .collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.truncate(wanted);
        places
    }

    fn places(
        &self,
        error_code: Option<&ErrorCode>,
        status: TaskStatus,
    ) -> Option<&BTreeSet<ListCursor>> {
        match error_code {
            None => self.by_status.get(&status),
            Some(code) => self.by_error_code.get(&(code.clone(), status)),
        }
    }
}
