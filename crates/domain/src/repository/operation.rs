use std::fmt;

/// A method of a port, by name, and whether it may be repeated blindly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    name: &'static str,
    idempotent: bool,
}

impl Operation {
    /// An operation that changes nothing when repeated, and answers the same.
    #[must_use]
    pub const fn idempotent(name: &'static str) -> Self {
        Self {
            name,
            idempotent: true,
        }
    }

    /// An operation whose repetition cannot answer what the first attempt did.
    ///
    /// Repeating it does no harm to the store, but a caller who was never told of the first
    /// attempt's success would be told "already done" by the second.
    #[must_use]
    pub const fn once(name: &'static str) -> Self {
        Self {
            name,
            idempotent: false,
        }
    }

    /// Its name, as in `task_history.save`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether a repetition changes nothing and answers the same.
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
