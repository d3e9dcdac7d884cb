use std::fmt;

/// A method of a port: its name, and what a repetition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation {
    name: &'static str,
    repetition: Repetition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Repetition {
    Read,
    Idempotent,
    Once,
}

impl Operation {
    /// An operation that changes nothing.
    #[must_use]
    pub const fn read(name: &'static str) -> Self {
        Self {
            name,
            repetition: Repetition::Read,
        }
    }

    /// An idempotent operation: a repetition changes nothing and returns the same result.
    #[must_use]
    pub const fn idempotent(name: &'static str) -> Self {
        Self {
            name,
            repetition: Repetition::Idempotent,
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
            repetition: Repetition::Once,
        }
    }

    /// Returns the name, such as `task_history.save`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns whether the operation changes nothing.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self.repetition, Repetition::Read)
    }

    /// Returns whether a repetition changes nothing and returns the same result, as for every read.
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        matches!(self.repetition, Repetition::Read | Repetition::Idempotent)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}
