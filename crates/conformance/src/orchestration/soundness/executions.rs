//! Whether tasks, executions and agents agree.

use std::collections::BTreeMap;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::dispatch::Execution;
use tasktrail_domain::orchestration::{ExecutionState, TaskState};

use super::content::{Content, TaskRecord};

pub(super) fn assert_sound(content: &Content) {
    let mut open: BTreeMap<String, Vec<Execution>> = BTreeMap::new();
    for (id, record) in &content.tasks {
        assert_attempts(id, record);
        for execution in &record.executions {
            let closed = execution.closed_at.is_some();
            assert_eq!(closed, !execution.state.is_open(), "{execution:?}");
            if execution.state.is_open() {
                let of_agent = open.entry(execution.agent.to_string()).or_default();
                of_agent.push(execution.clone());
            }
        }
    }
    for agent in &content.agents {
        let id = agent.key.agent.as_str();
        let mut listed = content.open.get(id).cloned().unwrap_or_default();
        listed.sort_by(|a, b| a.key.cmp(&b.key));
        let own = open.remove(id).unwrap_or_default();
        let counted = usize::try_from(agent.presence.open_executions).unwrap();
        assert_eq!(counted, own.len(), "{id}");
        assert_eq!(listed, own, "{id}");
    }
    assert!(open.is_empty(), "executions of unknown agents: {open:?}");
}

/// Panics unless the attempts of a task lead to its state.
fn assert_attempts(id: &TaskId, record: &TaskRecord) {
    let progress = &record.task.progress;
    let state = progress.state;
    let attempts = record
        .executions
        .iter()
        .map(|execution| execution.key.attempt.get().unsigned_abs());
    assert!(attempts.eq(1..=progress.attempts), "{id}: {record:?}");
    let counted = |execution: &&Execution| execution.state.is_counted();
    let counted = record.executions.iter().filter(counted).count();
    let expected = usize::try_from(progress.counted_attempts).unwrap();
    assert_eq!(counted, expected, "{id}: {record:?}");

    let last = record.executions.last();
    let ends = last.map(|execution| execution.state);
    assert!(is_possible(state, ends), "{id} is {state} after {ends:?}");
    let mut earlier = record.executions.iter().rev().skip(1);
    assert!(
        earlier.all(|execution| may_be_followed(execution.state)),
        "{id}: {record:?}"
    );
    let agent = last.filter(|execution| execution.state.is_open());
    let agent = agent.map(|execution| &execution.agent);
    assert_eq!(progress.agent.as_ref(), agent, "{id} is {state}");
    let has_error = progress.error_code.is_some();
    let needs_error = matches!(state, TaskState::Failed | TaskState::TimedOut);
    assert!(has_error || !needs_error, "{id} is {state} without a code");
}

/// Returns whether a task can be in a state after its last attempt.
fn is_possible(task: TaskState, last: Option<ExecutionState>) -> bool {
    use ExecutionState as End;
    match (task, last) {
        (TaskState::Assigned, end) => end == Some(End::Assigned),
        (TaskState::Running, end) => end == Some(End::Running),
        (TaskState::Completed, end) => end == Some(End::Completed),
        (TaskState::Waiting, end) => end == Some(End::Waiting),
        (TaskState::TimedOut, end) => end == Some(End::TimedOut),
        (TaskState::Failed, end) => matches!(end, Some(End::Failed | End::Lost)),
        (TaskState::Cancelled, Some(End::Cancelled)) => true,
        (
            TaskState::Blocked | TaskState::Ready | TaskState::Skipped | TaskState::Cancelled,
            end,
        ) => end.is_none_or(may_be_followed),
    }
}

/// Returns whether a task can be attempted again after an attempt with this end.
const fn may_be_followed(end: ExecutionState) -> bool {
    use ExecutionState as End;
    matches!(
        end,
        End::Failed | End::TimedOut | End::Lost | End::Released | End::Waiting
    )
}
