use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::limits::{Description, MaxAttempts, Priority, Tags, TimeLimit, Title};
use crate::timestamp::Timestamp;
use crate::{Document, TaskId};

/// What a task is, apart from its id, dependencies and progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskDefinition {
    /// A short text for people.
    pub title: Title,
    /// A longer text for people, or for the agent.
    pub description: Description,
    /// The task that it is a part of. Grouping only: neither waits for the other.
    pub parent: Option<TaskId>,
    /// Words to find it by.
    pub tags: Tags,
    /// What is to be done, for the agent.
    pub requirements: Document,
    /// What an agent must be able to do. An agent may take the task if it
    /// [fits](crate::orchestration::agent::AgentDescription::fits). `{}`, the default, is met by
    /// every agent.
    pub required_capabilities: Document,
    /// Anything else that the agent needs to know. What was answered to its questions is added as
    /// `answers`.
    pub context: Document,
    /// How urgent it is.
    pub priority: Priority,
    /// How often it is attempted.
    pub max_attempts: MaxAttempts,
    /// How long an attempt may take, in seconds. No limit by default.
    pub time_limit: Option<TimeLimit>,
}

impl TaskDefinition {
    /// Creates a definition with only a title.
    #[must_use]
    pub fn new(title: Title) -> Self {
        Self {
            title,
            description: Description::default(),
            parent: None,
            tags: Tags::default(),
            requirements: Document::default(),
            required_capabilities: Document::default(),
            context: Document::default(),
            priority: Priority::DEFAULT,
            max_attempts: MaxAttempts::DEFAULT,
            time_limit: None,
        }
    }

    /// Returns a stable fingerprint. Different definitions have different fingerprints, except for
    /// one pair in 2¹²².
    ///
    /// A store keeps the fingerprint of the definition that a task was created with, to recognise
    /// the same plan also after the task was changed.
    #[must_use]
    pub fn fingerprint(&self) -> Uuid {
        // Never fails: all parts are valid JSON already.
        let json = serde_json::to_vec(self).unwrap_or_default();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &json)
    }

    /// Returns the number of the queue of the task: a stable hash of its required capabilities.
    /// Tasks with equal required capabilities are in one queue.
    #[must_use]
    pub fn queue(&self) -> i64 {
        let json = self.required_capabilities.as_str().as_bytes();
        let (high, _) = Uuid::new_v5(&Uuid::NAMESPACE_OID, json).as_u64_pair();
        high.cast_signed()
    }
}

/// Returns the place of a task among those that can be claimed, in microseconds since 1970:
/// smaller is sooner.
///
/// It is the time at which the task is due, one minute earlier for each unit of its priority.
#[must_use]
pub fn claim_order(due_at: Timestamp, priority: Priority) -> i64 {
    const MINUTE: i64 = 60_000_000;
    // Never saturates: timestamps use a fraction of the range.
    due_at
        .as_micros()
        .saturating_sub(i64::from(priority.get()).saturating_mul(MINUTE))
}
