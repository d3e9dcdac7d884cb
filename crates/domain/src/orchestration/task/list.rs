use serde::{Deserialize, Serialize};

use super::definition::TaskDefinition;
use super::limits::{Priority, Title};
use super::progress::{Task, TaskProgress};
use crate::orchestration::TaskStateSet;
use crate::timestamp::Timestamp;
use crate::{TaskId, TaskKey};

/// A task without its documents, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskOverview {
    /// Its owner and id.
    pub key: TaskKey,
    /// Its title.
    pub title: Title,
    /// The task that it is a part of.
    pub parent: Option<TaskId>,
    /// How urgent it is.
    pub priority: Priority,
    /// Its progress.
    pub progress: TaskProgress,
}

impl TaskOverview {
    /// Creates the overview of a task from its parts.
    #[must_use]
    pub const fn new(
        key: TaskKey,
        title: Title,
        parent: Option<TaskId>,
        priority: Priority,
        progress: TaskProgress,
    ) -> Self {
        Self {
            key,
            title,
            parent,
            priority,
            progress,
        }
    }

    /// Returns the overview of a task.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        let TaskDefinition {
            title,
            parent,
            priority,
            ..
        } = &task.definition;
        let progress = task.progress.clone();
        Self::new(
            task.key.clone(),
            title.clone(),
            parent.clone(),
            *priority,
            progress,
        )
    }
}

/// A filter for the list of tasks. The default accepts all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFilter {
    /// Only tasks in these states.
    pub states: TaskStateSet,
    /// Only the parts of this task.
    pub parent: Option<TaskId>,
    /// Only tasks that were created at or after this time.
    pub created_since: Option<Timestamp>,
    /// Only tasks that were created before this time.
    pub created_until: Option<Timestamp>,
}

impl TaskFilter {
    /// Sets [`states`](Self::states).
    #[must_use]
    pub fn with_states(mut self, states: impl Into<TaskStateSet>) -> Self {
        self.states = states.into();
        self
    }

    /// Sets [`parent`](Self::parent).
    #[must_use]
    pub fn with_parent(mut self, parent: impl Into<Option<TaskId>>) -> Self {
        self.parent = parent.into();
        self
    }

    /// Sets [`created_since`](Self::created_since) and [`created_until`](Self::created_until).
    #[must_use]
    pub fn with_created(
        mut self,
        since: impl Into<Option<Timestamp>>,
        until: impl Into<Option<Timestamp>>,
    ) -> Self {
        self.created_since = since.into();
        self.created_until = until.into();
        self
    }

    /// Returns whether the filter accepts a task.
    #[must_use]
    pub fn accepts(&self, task: &TaskOverview) -> bool {
        let created_at = task.progress.created_at;
        self.states.contains(task.progress.state)
            && (self.parent.is_none() || self.parent == task.parent)
            && self.created_since.is_none_or(|since| since <= created_at)
            && self.created_until.is_none_or(|until| created_at < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestration::TaskState;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-31T{text}:00Z").parse().unwrap()
    }

    fn part(parent: Option<&str>) -> TaskOverview {
        let mut definition = TaskDefinition::new(Title::new("Build").unwrap());
        definition.parent = parent.map(|parent| parent.parse().unwrap());
        let key = TaskKey::new("alice", "build").unwrap();
        let progress = TaskProgress::created(TaskState::Ready, 0, at("12:00"));
        TaskOverview::of(&Task::new(key, definition, progress))
    }

    #[test]
    fn default_filter_accepts_all() {
        assert!(TaskFilter::default().accepts(&part(None)));
        assert!(TaskFilter::default().accepts(&part(Some("release"))));
    }

    #[test]
    fn every_condition_must_be_met() {
        let filter = TaskFilter::default()
            .with_states(TaskState::Ready)
            .with_parent("release".parse::<TaskId>().unwrap())
            .with_created(at("12:00"), at("12:01"));

        assert!(filter.accepts(&part(Some("release"))));
        assert!(!filter.accepts(&part(Some("other"))));
        assert!(!filter.accepts(&part(None)));
        for other in [
            filter.clone().with_states(TaskState::Blocked),
            filter.clone().with_created(at("12:01"), None),
            filter.clone().with_created(None, at("12:00")),
        ] {
            assert!(!other.accepts(&part(Some("release"))), "{other:?}");
        }
    }
}
