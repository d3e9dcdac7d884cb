//! The expected state of a task, computed from its trail.

use std::collections::BTreeMap;

use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{FinalStatus, HistoryEntry, TaskSummary};
use tasktrail_domain::timestamp::Timestamp;

/// The final status of a task, and when it was finished.
pub type Finish = (FinalStatus, Timestamp);

/// Computes the current state of a task's steps: the newest revision of each, in ascending order.
#[must_use]
pub fn replay_steps(trail: &[HistoryEntry]) -> Vec<HistoryEntry> {
    trail
        .iter()
        .map(|entry| (entry.step, entry))
        .collect::<BTreeMap<_, _>>()
        .into_values()
        .cloned()
        .collect()
}

/// Computes the summary of a task. Returns `None` if nothing was recorded for it.
#[must_use]
pub fn replay(
    task: &TaskKey,
    trail: &[HistoryEntry],
    finish: Option<Finish>,
) -> Option<TaskSummary> {
    let steps = replay_steps(trail);
    let last = steps.last();
    let open = last.map(|entry| entry.step_result.status());
    let times = || {
        let recorded = trail.iter().map(|entry| entry.recorded_at);
        recorded.chain(finish.map(|(_, at)| at))
    };
    let status = finish.map(|(status, _)| status.into()).or(open)?;
    let mut summary = TaskSummary::new(task.clone(), status, times().min()?);
    summary.finished_at = finish.map(|(_, at)| at);
    summary.last_step = last.map(|entry| entry.step);
    summary.error_code = last.and_then(|entry| entry.step_result.error_code().cloned());
    summary.entries = trail.len().try_into().unwrap();
    summary.last_updated = times().max()?;
    Some(summary)
}
