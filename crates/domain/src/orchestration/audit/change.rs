//! The entries that the ports write.
//!
//! All adapters write these entries, so their logs are equal. The fields of each are documented at
//! its constructor.

use std::collections::BTreeMap;

use serde::Serialize;

use super::action::Action;
use super::entry::{EntityId, EntityKind};
use crate::orchestration::agent::Registration;
use crate::orchestration::dispatch::{AfterAttempt, Report};
use crate::orchestration::task::Dependency;
use crate::orchestration::{AgentId, AgentState, Attempt, ExecutionState, TaskState};
use crate::{Document, JsonText, TaskId};

/// A change of an agent or a task: an entry of the audit log without the context of its write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What was done.
    pub action: Action,
    /// What it was done to.
    pub entity: EntityKind,
    /// The id of that.
    pub entity_id: EntityId,
    /// The changed fields before.
    pub before: Option<JsonText>,
    /// The changed fields after.
    pub after: Option<JsonText>,
}

/// The fields of an object, by name.
type Fields = BTreeMap<String, JsonText>;

impl Change {
    /// A task was created, with `{"state"}` after.
    #[must_use]
    pub fn created(task: &TaskId, state: TaskState) -> Self {
        let after = fields([("state", json(&state))]);
        Self::of_task(Action::TASK_CREATED, task, None, after)
    }

    /// A task was cancelled, became ready or was skipped, with `{"state"}` before and after.
    #[must_use]
    pub fn state(action: Action, task: &TaskId, from: TaskState, to: TaskState) -> Self {
        let after = fields([("state", json(&to))]);
        Self::of_task(action, task, Some(from), after)
    }

    /// A task was claimed or assigned: `{"state": "ready"}` before, `{"agent", "attempt", "state"}`
    /// after.
    #[must_use]
    pub fn given(action: Action, task: &TaskId, agent: &AgentId, attempt: Attempt) -> Self {
        let after = fields([
            ("agent", json(agent)),
            ("attempt", json(&attempt)),
            ("state", json(&TaskState::Assigned)),
        ]);
        Self::of_task(action, task, Some(TaskState::Ready), after)
    }

    /// A task was started: `{"state": "assigned"}` before, `{"attempt", "state"}` after.
    #[must_use]
    pub fn started(task: &TaskId, attempt: Attempt) -> Self {
        let after = fields([
            ("attempt", json(&attempt)),
            ("state", json(&TaskState::Running)),
        ]);
        Self::of_task(Action::TASK_STARTED, task, Some(TaskState::Assigned), after)
    }

    /// An attempt ended: `{"state"}` before, `{"attempt", "state"}` after, and `"error_code"` if
    /// the end has one. The states are those of the task. The action is that of the end.
    #[must_use]
    pub fn attempt_ended(
        task: &TaskId,
        attempt: Attempt,
        from: TaskState,
        end: ExecutionState,
        after: &AfterAttempt,
    ) -> Self {
        let mut fields = Fields::from([
            ("attempt".to_owned(), json(&attempt)),
            ("state".to_owned(), json(&after.state)),
        ]);
        if let Some(code) = &after.error_code {
            fields.insert("error_code".to_owned(), json(code));
        }
        Self::of_task(action_of_end(end), task, Some(from), fields)
    }

    /// A report came after its attempt was closed: `{"attempt", "state"}` after, with the state of
    /// the execution that was reported, and `"output"`, `"error_code"` and `"error_message"` as far
    /// as they were reported.
    #[must_use]
    pub fn report_superseded(report: &Report) -> Self {
        let mut fields = Fields::from([
            ("attempt".to_owned(), json(&report.attempt.attempt)),
            ("state".to_owned(), json(&report.result.state())),
        ]);
        if let Some(output) = &report.output {
            fields.insert("output".to_owned(), output.as_json().clone());
        }
        if let Some(error) = report.result.error() {
            fields.insert("error_code".to_owned(), json(&error.code));
            fields.insert("error_message".to_owned(), json(&error.message));
        }
        let task = &report.attempt.task.task;
        Self::of_task(Action::TASK_REPORT_SUPERSEDED, task, None, fields)
    }

    /// Dependencies were added: `{"state"}` before, `{"dependencies", "state"}` after, with those
    /// that are new, sorted.
    #[must_use]
    pub fn dependencies_added(
        task: &TaskId,
        from: TaskState,
        to: TaskState,
        added: &[Dependency],
    ) -> Self {
        let after = fields([("dependencies", json(&added)), ("state", json(&to))]);
        Self::of_task(Action::TASK_DEPENDENCIES_ADDED, task, Some(from), after)
    }

    /// Dependencies were removed: `{"dependencies", "state"}` before, `{"state"}` after, with those
    /// that existed, sorted.
    #[must_use]
    pub fn dependencies_removed(
        task: &TaskId,
        from: TaskState,
        to: TaskState,
        removed: &[Dependency],
    ) -> Self {
        let before = fields([("dependencies", json(&removed)), ("state", json(&from))]);
        let after = fields([("state", json(&to))]);
        let entity_id = task.clone().into();
        let action = Action::TASK_DEPENDENCIES_REMOVED;
        Self::new(
            action,
            EntityKind::Task,
            entity_id,
            Some(before),
            Some(after),
        )
    }

    /// A task was resumed: `{"state": "waiting"}` before, `{"answers", "state"}` after.
    #[must_use]
    pub fn resumed(task: &TaskId, answers: &Document) -> Self {
        let after = fields([
            ("answers", json(answers)),
            ("state", json(&TaskState::Ready)),
        ]);
        Self::of_task(Action::TASK_RESUMED, task, Some(TaskState::Waiting), after)
    }

    /// An agent was drained, resumed or retired, with `{"state"}` before and after.
    #[must_use]
    pub fn agent_state(agent: &AgentId, from: AgentState, to: AgentState) -> Self {
        let action = match to {
            AgentState::Active => Action::AGENT_RESUMED,
            AgentState::Draining => Action::AGENT_DRAINED,
            AgentState::Retired => Action::AGENT_RETIRED,
        };
        let [before, after] = [from, to].map(|state| fields([("state", json(&state))]));
        let entity_id = agent.clone().into();
        Self::new(
            action,
            EntityKind::Agent,
            entity_id,
            Some(before),
            Some(after),
        )
    }

    /// An agent registered, with the fields of its description, `"instance"` and `"state"`: all of
    /// them for a new agent, otherwise those that changed. `None` if nothing changed.
    ///
    /// `before` is the registration that it had, and its state.
    #[must_use]
    pub fn registered(
        before: Option<(&Registration, AgentState)>,
        after: (&Registration, AgentState),
    ) -> Option<Self> {
        let entity_id = after.0.agent.agent.clone().into();
        let before = before.map(registration_fields);
        let after = registration_fields(after);
        Self::diff(
            Action::AGENT_REGISTERED,
            EntityKind::Agent,
            entity_id,
            before,
            after,
        )
    }

    /// The description of an agent or the definition of a task was changed, with the fields that
    /// changed. `None` if nothing changed.
    #[must_use]
    pub fn updated(
        entity: EntityKind,
        entity_id: EntityId,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Option<Self> {
        let action = match entity {
            EntityKind::Agent => Action::AGENT_UPDATED,
            EntityKind::Task | EntityKind::Other => Action::TASK_UPDATED,
        };
        Self::diff(
            action,
            entity,
            entity_id,
            Some(members(before)),
            members(after),
        )
    }

    fn of_task(action: Action, task: &TaskId, from: Option<TaskState>, after: Fields) -> Self {
        let before = from.map(|state| fields([("state", json(&state))]));
        let entity_id = task.clone().into();
        Self::new(action, EntityKind::Task, entity_id, before, Some(after))
    }

    fn diff(
        action: Action,
        entity: EntityKind,
        entity_id: EntityId,
        before: Option<Fields>,
        mut after: Fields,
    ) -> Option<Self> {
        let Some(mut before) = before else {
            return Some(Self::new(action, entity, entity_id, None, Some(after)));
        };
        after.retain(|name, value| before.get(name) != Some(value));
        before.retain(|name, _| after.contains_key(name));
        let changed = !after.is_empty();
        changed.then(|| Self::new(action, entity, entity_id, Some(before), Some(after)))
    }

    fn new(
        action: Action,
        entity: EntityKind,
        entity_id: EntityId,
        before: Option<Fields>,
        after: Option<Fields>,
    ) -> Self {
        Self {
            action,
            entity,
            entity_id,
            before: before.map(|fields| json(&fields)),
            after: after.map(|fields| json(&fields)),
        }
    }
}

fn action_of_end(end: ExecutionState) -> Action {
    match end {
        ExecutionState::Failed => Action::TASK_FAILED,
        ExecutionState::Cancelled => Action::TASK_CANCELLED,
        ExecutionState::TimedOut => Action::TASK_TIMED_OUT,
        ExecutionState::Released => Action::TASK_RELEASED,
        ExecutionState::Waiting => Action::TASK_WAITING,
        ExecutionState::Lost => Action::TASK_LOST,
        ExecutionState::Completed | ExecutionState::Assigned | ExecutionState::Running => {
            Action::TASK_COMPLETED
        }
    }
}

fn registration_fields((registration, state): (&Registration, AgentState)) -> Fields {
    let mut fields = members(&registration.description);
    fields.insert("instance".to_owned(), json(&registration.instance));
    fields.insert("state".to_owned(), json(&state));
    fields
}

fn fields<const N: usize>(of: [(&str, JsonText); N]) -> Fields {
    of.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The members of a value that serializes to an object; all values here do.
fn members(value: &impl Serialize) -> Fields {
    json(value).deserialize().unwrap_or_default()
}

/// Never fails: documents and payloads are less deep than a `JsonText` may be.
fn json(value: &impl Serialize) -> JsonText {
    JsonText::of(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
