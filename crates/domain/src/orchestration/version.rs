use crate::number::bounded_number;

bounded_number! {
    /// The number of changes of an agent's or a task's description, from 1.
    ///
    /// Expect a version in an update to refuse it if another update came first.
    Version(i64), "version", 1 to 9_223_372_036_854_775_807, default 1
}

impl Version {
    /// Returns the version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
