//! Sentences about the outcomes of writes.

use tasktrail::TaskId;
use tasktrail::orchestration::dispatch::{EmptyClaim, ReportOutcome};
use tasktrail::orchestration::task::CancelOutcome;
use tasktrail::orchestration::{AgentId, AttemptKey};

use super::text::{moment, printable};

/// The sentence about a claim that got nothing.
pub(crate) fn empty_claim(agent: &AgentId, reason: EmptyClaim) -> String {
    let agent = printable(agent.as_str());
    match reason {
        EmptyClaim::NothingReady => format!("no task that {agent} can do is ready and due"),
        EmptyClaim::Full => format!("{agent} has as many tasks as its capacity allows"),
        EmptyClaim::Draining => format!("{agent} is draining"),
        EmptyClaim::Retired => format!("{agent} is retired"),
        EmptyClaim::LeaseEnded => format!("{agent} is offline: it needs a heartbeat"),
        EmptyClaim::Replaced => format!("another process of {agent} registered later"),
        EmptyClaim::Unknown => format!("{agent} is not registered"),
    }
}

/// The sentence about the outcome of a report.
pub(crate) fn reported(attempt: &AttemptKey, outcome: &ReportOutcome) -> String {
    let task = printable(attempt.task.task.as_str());
    match outcome {
        ReportOutcome::Recorded {
            state,
            ready,
            skipped,
        } => {
            let others = and_others([("now ready", ready), ("skipped", skipped)]);
            format!("{task} is {state}{others}")
        }
        ReportOutcome::Superseded { state, task: now } => {
            format!("the attempt was closed before: {state}; {task} is {now}")
        }
        ReportOutcome::Unknown => {
            format!("there is no attempt {} at {task}", attempt.attempt)
        }
    }
}

/// The sentence about the outcome of a cancel.
pub(crate) fn cancelled(task: &TaskId, outcome: &CancelOutcome) -> String {
    let task = printable(task.as_str());
    match outcome {
        CancelOutcome::Cancelled {
            previous,
            descendants,
            skipped,
        } => {
            let others = and_others([("cancelled as well", descendants), ("skipped", skipped)]);
            format!("{task} is cancelled; it was {previous}{others}")
        }
        CancelOutcome::AlreadyEnded { state, at } => {
            format!("{task} was already {state}, since {} UTC", moment(*at))
        }
        CancelOutcome::Unknown => format!("there is no task {task}"),
    }
}

/// What became of other tasks, such as `; skipped: deploy`. Empty if there are none.
fn and_others(groups: [(&str, &Vec<TaskId>); 2]) -> String {
    let groups = groups.into_iter().filter(|(_, tasks)| !tasks.is_empty());
    let groups = groups.map(|(what, tasks)| format!("; {what}: {}", listed(tasks)));
    groups.collect::<Vec<_>>().concat()
}

/// The IDs of tasks, separated by commas.
fn listed(tasks: &[TaskId]) -> String {
    let tasks: Vec<_> = tasks.iter().map(|task| printable(task.as_str())).collect();
    tasks.join(", ")
}
