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
    /// A longer text, for people or for the agent.
    pub description: Description,
    /// The task that it is a part of. Grouping only: neither waits for the other.
    pub parent: Option<TaskId>,
    /// Labels by which it is found.
    pub tags: Tags,
    /// What the agent has to do.
    pub requirements: Document,
    /// What an agent must be able to do: only an agent that
    /// [fits](crate::orchestration::agent::AgentDescription::fits) may execute the task. Every
    /// agent fits the default, `{}`.
    pub required_capabilities: Document,
    /// Anything else that the agent needs to know. The answers to its questions are added as the
    /// member `answers`.
    pub context: Document,
    /// How urgent it is.
    pub priority: Priority,
    /// The maximum number of counted attempts.
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

    /// Returns the number of bytes of its texts and documents.
    pub(super) fn bytes(&self) -> usize {
        let documents = [
            &self.requirements,
            &self.required_capabilities,
            &self.context,
        ];
        let documents: usize = documents
            .map(|document| document.as_str().len())
            .iter()
            .sum();
        self.title.as_str().len() + self.description.as_str().len() + documents
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

/// Returns the claim order of a ready task, in microseconds since 1970: the task with the least one
/// is claimed first.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::orchestration::task::Tag;

    fn plain() -> TaskDefinition {
        TaskDefinition::new(Title::new("Deploy").unwrap())
    }

    fn full() -> TaskDefinition {
        TaskDefinition {
            description: Description::new("To staging").unwrap(),
            parent: Some("release".parse().unwrap()),
            tags: Tags::new(["v2", "urgent"].map(|tag| Tag::new(tag).unwrap())).unwrap(),
            requirements: Document::of(&json!({ "environment": "staging" })).unwrap(),
            required_capabilities: Document::of(&json!({ "agent_type": "ops" })).unwrap(),
            context: Document::of(&json!({ "n": 1.0 })).unwrap(),
            priority: Priority::new(10).unwrap(),
            max_attempts: MaxAttempts::new(2).unwrap(),
            time_limit: Some(TimeLimit::new(600).unwrap()),
            ..plain()
        }
    }

    /// Stores have queues of existing tasks, so these must never change.
    #[test]
    fn queues_are_stable() {
        assert_eq!(plain().queue(), 6_250_152_856_776_103_551);
        assert_eq!(full().queue(), -409_123_766_656_413_513);
    }

    #[test]
    fn tasks_with_equal_required_capabilities_share_a_queue() {
        let with = |json: &str| TaskDefinition {
            required_capabilities: json.parse().unwrap(),
            ..full()
        };

        let queue = with(r#"{"gpu":1,"os":["linux"]}"#).queue();
        assert_eq!(with(r#"{ "os": ["linux"], "gpu": 1.0 }"#).queue(), queue);
        assert_ne!(with(r#"{"gpu":2,"os":["linux"]}"#).queue(), queue);
        assert_ne!(with(r#"{"gpu":"1","os":["linux"]}"#).queue(), queue);
    }

    #[test]
    fn unit_of_priority_is_one_minute() {
        let order = |due_at: &str, priority: i64| {
            claim_order(due_at.parse().unwrap(), Priority::new(priority).unwrap())
        };
        let noon = order("2026-01-31T12:00:00Z", 0);

        assert_eq!(noon, 1_769_860_800_000_000);
        assert_eq!(order("2026-01-31T12:10:00Z", 10), noon);
        assert_eq!(order("2026-01-31T11:59:00Z", -1), noon);
        assert_eq!(order("2026-01-31T11:59:59.999999Z", 0), noon - 1);
        assert_eq!(order("2026-02-01T04:40:00Z", 1000), noon);
    }

    proptest! {
        #[test]
        fn task_is_claimed_first_unless_another_is_due_longer_by_the_difference_in_priority(
            due in prop::array::uniform2(Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()),
            priority in prop::array::uniform2(-1000..=1000_i64),
        ) {
            let [one, other] = [0, 1].map(|task| {
                let due_at = Timestamp::from_micros(due[task]).unwrap();
                claim_order(due_at, Priority::new(priority[task]).unwrap())
            });

            let head_start = (priority[0] - priority[1]) * 60_000_000;
            prop_assert_eq!(one.cmp(&other), (due[0] - due[1]).cmp(&head_start));
        }
    }
}
