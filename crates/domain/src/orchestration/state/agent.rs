use crate::text_enum::text_enum;

text_enum! {
    /// The state of an agent.
    ///
    /// *Offline* is not a state: an agent is offline at an instant if its lease ended before it.
    AgentState, "agent state" {
        /// Gets new tasks.
        Active = "active",
        /// Gets no new tasks, but keeps its own and finishes them.
        Draining = "draining",
        /// Gets no tasks, and has none. Registering makes it active again.
        Retired = "retired",
    }
}

impl AgentState {
    /// Returns whether an agent may change from this state to `next`.
    ///
    /// | from | to | by |
    /// | --- | --- | --- |
    /// | retired | active | register |
    /// | active | draining | drain |
    /// | draining | active | resume |
    /// | active, draining | retired | retire |
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use AgentState::{Active, Draining, Retired};
        matches!(
            (self, next),
            (Retired | Draining, Active) | (Active, Draining) | (Active | Draining, Retired)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::AgentState::{self, Active, Draining, Retired};

    #[test]
    fn agent_changes_only_as_listed() {
        let listed = [
            (Retired, Active),
            (Active, Draining),
            (Draining, Active),
            (Active, Retired),
            (Draining, Retired),
        ];
        for from in AgentState::ALL {
            for to in AgentState::ALL {
                let is_listed = listed.contains(&(*from, *to));
                assert_eq!(from.may_become(*to), is_listed, "{from} to {to}");
            }
        }
    }
}
