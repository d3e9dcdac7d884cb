use crate::text_enum::text_enum;

text_enum! {
    /// The state of an agent.
    ///
    /// Whether an agent is *offline* is not a state: it is offline at an instant if its lease ended
    /// before it.
    AgentState, "agent state" {
        /// Gets tasks.
        Active = "active",
        /// Gets no new tasks, but keeps and finishes its own.
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
            (Retired, Active)
                | (Active, Draining)
                | (Draining, Active)
                | (Active | Draining, Retired)
        )
    }
}
