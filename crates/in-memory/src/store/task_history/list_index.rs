use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::{ErrorCode, ListCursor, TaskFilter, TaskStatus, TaskSummary};

/// The tasks of a user in the order of the list, so that reading a page does not scan all tasks.
///
/// There is one list for each kind of task, and one for each pair of error code and kind. For every
/// filter, a page is merged from a few lists, and each is read no further than a page.
#[derive(Debug, Default)]
pub(crate) struct ListIndex {
    by_kind: BTreeMap<Kind, BTreeSet<ListCursor>>,
    by_error_code: BTreeMap<(ErrorCode, Kind), BTreeSet<ListCursor>>,
}

/// The status of a task, and whether the task is finished.
type Kind = (TaskStatus, bool);

fn kind(task: &TaskSummary) -> Kind {
    (task.status, task.is_finished())
}

impl ListIndex {
    pub(crate) fn insert(&mut self, task: &TaskSummary) {
        let place = ListCursor::of(task);
        if let Some(code) = &task.error_code {
            self.by_error_code
                .entry((code.clone(), kind(task)))
                .or_default()
                .insert(place.clone());
        }
        self.by_kind.entry(kind(task)).or_default().insert(place);
    }

    pub(crate) fn remove(&mut self, task: &TaskSummary) {
        let place = ListCursor::of(task);
        if let Some(places) = self.by_kind.get_mut(&kind(task)) {
            places.remove(&place);
        }
        if let Some(code) = &task.error_code {
            let key = (code.clone(), kind(task));
            if let Some(places) = self.by_error_code.get_mut(&key) {
                places.remove(&place);
                if places.is_empty() {
                    self.by_error_code.remove(&key);
                }
            }
        }
    }

    /// The position of the `number`th task, counted from 1, in the order of the list; `None` if
    /// there are fewer tasks.
    pub(crate) fn nth(&self, number: u64) -> Option<ListCursor> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let newest = self.by_kind.values();
        let mut places: Vec<_> = newest
            .flat_map(|places| places.iter().rev().take(number))
            .collect();
        let index = number.checked_sub(1)?;
        if index >= places.len() {
            return None;
        }
        let (_, place, _) = places.select_nth_unstable_by(index, |a, b| b.cmp(a));
        Some(place.clone())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_kind.values().all(BTreeSet::is_empty)
    }

    /// The positions of the tasks of a page, and of one more, in the order of the list.
    pub(crate) fn page(
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
            .flat_map(|status| [(status, false), (status, true)])
            .filter(|(_, is_finished)| filter.finished.is_none_or(|only| only == *is_finished))
            .filter_map(|kind| self.places(filter.error_code.as_ref(), kind))
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

    fn places(&self, error_code: Option<&ErrorCode>, kind: Kind) -> Option<&BTreeSet<ListCursor>> {
        match error_code {
            None => self.by_kind.get(&kind),
            Some(code) => self.by_error_code.get(&(code.clone(), kind)),
        }
    }
}
