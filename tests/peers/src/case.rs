//! What is measured, and by whom.

/// One thing that is measured once a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// Saves by so many callers at once.
    Save(Saver, u32),
    /// How tasks stand, asked by so many callers at once.
    Status(Reader, u32),
    /// Histories of 100 steps (10 where layouts are compared), loaded by so many callers at once.
    Load(Reader, u32),
    /// First pages of 100 tasks of a user, by one caller.
    List(Reader, Listed),
    /// The loan log, in lines.
    Import,
    /// A clean-up, in entries.
    CleanUp,
}

/// Who saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Saver {
    /// Tasktrail, as it is by default.
    Grouped,
    /// Tasktrail without group commit.
    Alone,
    /// pgbench, with so many entries in a statement.
    Pgbench(u32),
    TokioPostgres,
    DieselAsync,
    Durare,
    /// The Python `DatabaseManager`.
    Original,
    /// Tasktrail through its library, on an empty store.
    IntoEmpty,
    /// Tasktrail through its library, on a store of 10 million entries.
    IntoFull,
    /// The same, into one table beside 13 months of entries.
    Plain,
    /// The same, into partitions by month.
    Partitioned,
    /// The same, with a million old entries that nobody touches.
    Undisturbed,
    /// The same, while these are removed.
    DuringCleanUp,
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    Tasktrail,
    Pgbench,
    Original,
    /// Tasktrail, from one table.
    Plain,
    /// Tasktrail, from partitions by month.
    Partitioned,
}

/// Whose tasks are listed, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) tasks: u32,
    /// Only those that failed, one in a thousand.
    pub(crate) failed_only: bool,
}

impl Listed {
    pub(crate) const fn all_of(tasks: u32) -> Self {
        Self {
            tasks,
            failed_only: false,
        }
    }

    pub(crate) const fn failed_of(tasks: u32) -> Self {
        Self {
            tasks,
            failed_only: true,
        }
    }
}
