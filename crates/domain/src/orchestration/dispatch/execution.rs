use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::report::ReportedError;
use super::usage::Usage;
use crate::orchestration::{AgentId, Attempt, AttemptKey, ExecutionState, Instance, Payload};
use crate::text::{canonical, read_hex, string_form, write_hex};
use crate::timestamp::Timestamp;
use crate::{InvalidValue, TaskId};

/// One attempt of an agent at a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Execution {
    /// The task and the number of the attempt.
    pub key: AttemptKey,
    /// The agent.
    pub agent: AgentId,
    /// The run of the agent's process that claimed the task, or that was registered when it was
    /// assigned.
    pub instance: Instance,
    /// Its state.
    pub state: ExecutionState,
    /// When the agent got the task.
    pub assigned_at: Timestamp,
    /// When the agent reported that it started.
    pub started_at: Option<Timestamp>,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// When it times out; `None` without a time limit.
    pub deadline: Option<Timestamp>,
    /// What the agent reported as its output.
    pub output: Option<Payload>,
    /// What the agent reported as its error.
    pub error: Option<ReportedError>,
    /// What the attempt used.
    pub usage: Usage,
}

impl Execution {
    /// Creates an execution that has just been assigned.
    #[must_use]
    pub const fn assigned(
        key: AttemptKey,
        agent: AgentId,
        instance: Instance,
        assigned_at: Timestamp,
        deadline: Option<Timestamp>,
    ) -> Self {
        Self {
            key,
            agent,
            instance,
            state: ExecutionState::Assigned,
            assigned_at,
            started_at: None,
            closed_at: None,
            deadline,
            output: None,
            error: None,
            usage: Usage {
                memory: None,
                cpu_time: None,
            },
        }
    }
}

/// Whose executions are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionFilter {
    /// Those of a task.
    OfTask(TaskId),
    /// Those of an agent.
    OfAgent(AgentId),
    /// Those of an agent that are assigned or running.
    OpenOfAgent(AgentId),
}

/// A position in a list of executions, which is sorted by descending assignment, and by descending
/// task id and attempt for equal instants.
///
/// Its text form is opaque and safe in URLs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExecutionCursor {
    /// When the execution at this position was assigned.
    pub assigned_at: Timestamp,
    /// Its task.
    pub task: TaskId,
    /// Its attempt.
    pub attempt: Attempt,
}

impl ExecutionCursor {
    /// Returns the position of an execution.
    #[must_use]
    pub fn of(execution: &Execution) -> Self {
        Self {
            assigned_at: execution.assigned_at,
            task: execution.key.task.task.clone(),
            attempt: execution.key.attempt,
        }
    }
}

impl fmt::Display for ExecutionCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The flipped sign bit avoids a minus sign.
        let instant = self.assigned_at.as_micros().cast_unsigned() ^ (1 << 63);
        write!(f, "{instant:x}-{}-", self.attempt)?;
        write_hex(f, self.task.as_str())
    }
}

string_form!(ExecutionCursor);

impl FromStr for ExecutionCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text)
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| InvalidValue::text("cursor", "a cursor that a list returned", text))
    }
}

fn read(text: &str) -> Option<ExecutionCursor> {
    let (instant, rest) = text.split_once('-')?;
    let (attempt, task) = rest.split_once('-')?;
    let micros = (u64::from_str_radix(instant, 16).ok()? ^ (1 << 63)).cast_signed();
    Some(ExecutionCursor {
        assigned_at: Timestamp::from_micros(micros).ok()?,
        task: TaskId::new(read_hex(task)?).ok()?,
        attempt: Attempt::new(canonical(attempt)?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_round_trips() {
        for assigned_at in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
            for attempt in [Attempt::MIN, Attempt::MAX] {
                let task = TaskId::new("tâche-1/2").unwrap();
                let cursor = ExecutionCursor {
                    assigned_at,
                    task,
                    attempt,
                };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }

    #[test]
    fn invalid_cursor_is_refused() {
        for text in [
            "",
            "--",
            "8000000000000000-1",
            "8000000000000000-1-",
            "8000000000000000-0-61",
            "8000000000000000-01-61",
            "8000000000000000--1-61",
            "8000000000000000-2147483648-61",
            "8000000000000000-1-6",
            "8000000000000000-1-6A",
            "+8000000000000000-1-61",
            "0-1-61",
        ] {
            assert_eq!(
                text.parse::<ExecutionCursor>().unwrap_err().to_string(),
                format!("cursor must be a cursor that a list returned, got {text:?}")
            );
        }
    }
}
