use crate::InvalidValue;
use crate::text::short_text;

short_text! {
    /// What was done, such as `task.claimed`.
    Action, "action"
}

macro_rules! actions {
    ($($(#[$attribute:meta])* $name:ident = $text:literal;)+) => {
        impl Action {
            $(
                $(#[$attribute])*
                pub const $name: Self = Self(std::borrow::Cow::Borrowed($text));
            )+
        }
    };
}

actions! {
    /// An agent registered.
    AGENT_REGISTERED = "agent.registered";
    /// The description of an agent was changed.
    AGENT_UPDATED = "agent.updated";
    /// An agent was drained.
    AGENT_DRAINED = "agent.drained";
    /// A draining agent was resumed.
    AGENT_RESUMED = "agent.resumed";
    /// An agent was retired.
    AGENT_RETIRED = "agent.retired";
    /// A task was created.
    TASK_CREATED = "task.created";
    /// The definition of a task was changed.
    TASK_UPDATED = "task.updated";
    /// Dependencies were added to a task.
    TASK_DEPENDENCIES_ADDED = "task.dependencies_added";
    /// Dependencies of a task were removed.
    TASK_DEPENDENCIES_REMOVED = "task.dependencies_removed";
    /// A task was cancelled.
    TASK_CANCELLED = "task.cancelled";
    /// The questions of a waiting task were answered.
    TASK_RESUMED = "task.resumed";
    /// A blocked task became ready.
    TASK_READY = "task.ready";
    /// A task was skipped because a prerequisite did not succeed.
    TASK_SKIPPED = "task.skipped";
    /// An agent claimed a task.
    TASK_CLAIMED = "task.claimed";
    /// A task was assigned to an agent.
    TASK_ASSIGNED = "task.assigned";
    /// An agent started a task.
    TASK_STARTED = "task.started";
    /// An attempt succeeded.
    TASK_COMPLETED = "task.completed";
    /// An attempt failed.
    TASK_FAILED = "task.failed";
    /// An attempt was released.
    TASK_RELEASED = "task.released";
    /// An agent asked a question.
    TASK_WAITING = "task.waiting";
    /// An attempt was lost.
    TASK_LOST = "task.lost";
    /// An attempt timed out.
    TASK_TIMED_OUT = "task.timed_out";
    /// A report came after its attempt was closed.
    TASK_REPORT_SUPERSEDED = "task.report_superseded";
}

/// An action that a service records itself. It does not begin with `agent.` or `task.`, which are
/// those of the ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomAction(Action);

impl CustomAction {
    /// Validates a text.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] as for an [`Action`], or if it begins with `agent.` or `task.`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let action = Action::new(text)?;
        if ["agent.", "task."]
            .iter()
            .any(|own| action.as_str().starts_with(own))
        {
            let limit = "without the prefix agent. or task.";
            return Err(InvalidValue::text("action", limit, action.as_str()));
        }
        Ok(Self(action))
    }

    /// Returns the action.
    #[must_use]
    pub const fn action(&self) -> &Action {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        CustomAction::new(text).unwrap_err().to_string()
    }

    #[test]
    fn custom_action_is_not_one_of_the_ports() {
        for text in ["agents.moved", "release.approved", "task", "my.task.done"] {
            let action = CustomAction::new(text).unwrap();
            assert_eq!(action.action().as_str(), text);
        }
        assert_eq!(
            refusal("task.claimed"),
            "action must be without the prefix agent. or task., got \"task.claimed\""
        );
        assert!(refusal("agent.").starts_with("action must be without the prefix"));
    }

    #[test]
    fn custom_action_is_a_short_text() {
        assert_eq!(refusal(""), "action must be 1 to 255 bytes long, got \"\"");
        assert!(CustomAction::new("x".repeat(255)).is_ok());
        assert!(refusal(&"x".repeat(256)).starts_with("action must be 1 to 255 bytes long"));
        assert_eq!(
            refusal("a\0"),
            "action must be free of NUL characters, got \"a\\0\""
        );
    }
}
