use std::collections::BTreeMap;
use std::ops::Bound;

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::{
    FinalStatus, FinishOutcome, HistoryEntry, StepNumber, TaskStatus, TaskSummary, TrailCursor,
};
use tasktrail_domain::timestamp::Timestamp;

/// A task: its entries in the order in which they were accepted, and values derived from them.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    trail: BTreeMap<TrailCursor, HistoryEntry>,
    /// The position of the newest revision of each step.
    newest: BTreeMap<StepNumber, TrailCursor>,
    finish: Option<(FinalStatus, Timestamp)>,
    created_at: Timestamp,
    last_updated: Timestamp,
}

impl Task {
    /// Creates a task without entries, for its first save or finish at `at`.
    pub(crate) fn begun(at: Timestamp) -> Self {
        Self {
            trail: BTreeMap::new(),
            newest: BTreeMap::new(),
            finish: None,
            created_at: at,
            last_updated: at,
        }
    }

    pub(crate) fn add(&mut self, position: TrailCursor, entry: HistoryEntry) {
        self.touch(entry.recorded_at);
        self.newest.insert(entry.step, position);
        self.trail.insert(position, entry);
    }

    /// Finishes the task, unless it is finished.
    pub(crate) fn finish(&mut self, status: FinalStatus, at: Timestamp) -> FinishOutcome {
        if let Some((status, at)) = self.finish {
            return FinishOutcome::AlreadyFinished { status, at };
        }
        let previous = self.last_entry().map(|entry| entry.step_result.status());
        self.finish = Some((status, at));
        self.touch(at);
        FinishOutcome::Finished { previous }
    }

    fn touch(&mut self, at: Timestamp) {
        self.created_at = self.created_at.min(at);
        self.last_updated = self.last_updated.max(at);
    }

    pub(crate) fn steps(&self, page: &PageRequest<StepNumber>) -> Page<HistoryEntry, StepNumber> {
        let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let steps = self
            .newest
            .range((after, Bound::Unbounded))
            .filter_map(|(_, position)| self.trail.get(position))
            .take(page.size.get() + 1)
            .cloned()
            .collect();
        Page::of(steps, page.size, |entry| entry.step)
    }

    pub(crate) fn trail(&self, page: &PageRequest<TrailCursor>) -> Page<HistoryEntry, TrailCursor> {
        let after = page.after.map_or(Bound::Unbounded, Bound::Excluded);
        let entries: Vec<_> = self
            .trail
            .range((after, Bound::Unbounded))
            .take(page.size.get() + 1)
            .collect();
        let Page { items, next } = Page::of(entries, page.size, |(position, _)| **position);
        Page {
            items: items.into_iter().map(|(_, entry)| entry.clone()).collect(),
            next,
        }
    }

    /// The status of the task; `None` only before its first entry or finish.
    pub(crate) fn status(&self) -> Option<TaskStatus> {
        let finished = self.finish.map(|(status, _)| status.into());
        finished.or_else(|| self.last_entry().map(|entry| entry.step_result.status()))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    pub(crate) fn entry(&self, position: TrailCursor) -> Option<&HistoryEntry> {
        self.trail.get(&position)
    }

    pub(crate) fn entry_count(&self) -> usize {
        self.trail.len()
    }

    pub(crate) fn step_count(&self) -> usize {
        self.newest.len()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (TrailCursor, &HistoryEntry)> {
        self.trail
            .iter()
            .map(|(position, entry)| (*position, entry))
    }

    pub(crate) fn summary(&self, key: &TaskKey) -> Option<TaskSummary> {
        let last = self.last_entry();
        let mut summary = TaskSummary::new(key.clone(), self.status()?, self.created_at);
        summary.finished_at = self.finish.map(|(_, at)| at);
        summary.last_step = last.map(|entry| entry.step);
        summary.error_code = last.and_then(|entry| entry.step_result.error_code().cloned());
        summary.entries = count(self.trail.len());
        summary.last_updated = self.last_updated;
        Some(summary)
    }

    /// The newest revision of the highest step.
    fn last_entry(&self) -> Option<&HistoryEntry> {
        let (_, position) = self.newest.last_key_value()?;
        self.trail.get(position)
    }
}

pub(crate) fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}
