use std::fmt;

/// A method of a port: its name, and whether it is idempotent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    name: &'static str,
    idempotent: bool,
}

impl Operation {
    /// An idempotent operation: a repetition changes nothing and returns the same result.
    #[must_use]
    pub const fn idempotent(name: &'static str) -> Self {
        Self {
            name,
            idempotent: true,
        }
    }

    /// An operation whose repetition returns a different result.
    ///
    /// A repetition does not harm the store. But if the first attempt succeeds and its response is
    /// lost, the second attempt reports that the work was already done.
    #[must_use]
    pub const fn once(name: &'static str) -> Self {
        Self {
            name,
            idempotent: false,
        }
    }

    /// Returns the name, such as `task_history.save`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns whether a repetition changes nothing and returns the same result.
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        self.idempotent
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}
