use serde::{Deserialize, Serialize};

use crate::TaskId;
use crate::orchestration::TaskState;
use crate::text_enum::text_enum;

/// A task that another one waits for.
///
/// As JSON `{"task_id": "build", "when": "end"}`, or only the id for [`When::Success`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "DependencyForm", into = "DependencyForm")]
pub struct Dependency {
    /// The task that must end first.
    pub prerequisite: TaskId,
    /// What the dependency waits for.
    pub when: When,
}

impl Dependency {
    /// Waits for the success of a task.
    #[must_use]
    pub const fn success(prerequisite: TaskId) -> Self {
        Self {
            prerequisite,
            when: When::Success,
        }
    }

    /// Waits for the end of a task, whatever its state.
    #[must_use]
    pub const fn end(prerequisite: TaskId) -> Self {
        Self {
            prerequisite,
            when: When::End,
        }
    }
}

text_enum! {
    /// What a dependency waits for.
    When, "when" {
        /// The prerequisite completes. If it ends otherwise, the task is skipped.
        Success = "success",
        /// The prerequisite ends, whatever its state.
        End = "end",
    }
}

impl When {
    /// Returns what a dependency is when its prerequisite is in a state: `None` while it is open,
    /// otherwise whether it is met (`true`) or can never be (`false`).
    #[must_use]
    pub const fn is_met(self, prerequisite: TaskState) -> Option<bool> {
        match (self, prerequisite) {
            (_, open) if !open.is_ended() => None,
            (Self::End, _) | (Self::Success, TaskState::Completed) => Some(true),
            (Self::Success, _) => Some(false),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum DependencyForm {
    Success(TaskId),
    Full(FullForm),
}

/// A misspelled member must not become [`When::Success`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullForm {
    task_id: TaskId,
    #[serde(default = "success")]
    when: When,
}

const fn success() -> When {
    When::Success
}

impl From<DependencyForm> for Dependency {
    fn from(form: DependencyForm) -> Self {
        match form {
            DependencyForm::Success(prerequisite) => Self::success(prerequisite),
            DependencyForm::Full(FullForm { task_id, when }) => Self {
                prerequisite: task_id,
                when,
            },
        }
    }
}

impl From<Dependency> for DependencyForm {
    fn from(dependency: Dependency) -> Self {
        match dependency.when {
            When::Success => Self::Success(dependency.prerequisite),
            when @ When::End => Self::Full(FullForm {
                task_id: dependency.prerequisite,
                when,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependency_is_open_met_or_never_met() {
        use TaskState::{
            Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut,
            Waiting,
        };
        for state in TaskState::ALL {
            let (success, end) = match state {
                Blocked | Ready | Assigned | Running | Waiting => (None, None),
                Completed => (Some(true), Some(true)),
                Failed | Cancelled | TimedOut | Skipped => (Some(false), Some(true)),
            };
            assert_eq!(When::Success.is_met(*state), success, "{state}");
            assert_eq!(When::End.is_met(*state), end, "{state}");
        }
    }

    #[test]
    fn dependency_on_success_is_written_as_an_id() {
        let task: TaskId = "build".parse().unwrap();
        let success = Dependency::success(task.clone());
        let end = Dependency::end(task);
        let forms = [
            (&success, r#""build""#, true),
            (&success, r#"{"task_id":"build"}"#, false),
            (&success, r#"{"task_id":"build","when":"success"}"#, false),
            (&end, r#"{"task_id":"build","when":"end"}"#, true),
        ];
        for (dependency, json, is_written) in forms {
            let read: Dependency = serde_json::from_str(json).unwrap();
            assert_eq!(read, *dependency, "{json}");
            let written = serde_json::to_string(dependency).unwrap();
            assert_eq!(written == json, is_written, "{written}");
        }
        for json in [
            r#""""#,
            r#"{"task_id":"build","when":"start"}"#,
            r#"{"task_id":"build","whem":"end"}"#,
            "{}",
            "1",
        ] {
            assert!(serde_json::from_str::<Dependency>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn dependencies_are_ordered_by_prerequisite() {
        let [a, b] = ["a", "b"].map(|text| text.parse::<TaskId>().unwrap());

        assert!(Dependency::end(a.clone()) < Dependency::success(b));
        assert!(Dependency::success(a.clone()) < Dependency::end(a));
    }
}
