//! The cases that are measured.

/// One measurement of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// Saves, with a number of concurrent callers.
    Save(Saver, u32),
    /// Status checks, with a number of concurrent callers.
    Status(Reader, u32),
    /// Loads of histories with 100 steps (10 for the comparison of layouts), with a number of
    /// concurrent callers.
    Load(Reader, u32),
    /// First pages of 100 tasks of a user, by one caller.
    List(Reader, Listed),
    /// Claims of tasks with the reports that complete them, with a number of agents.
    Dispatch(Dispatcher, u32),
    /// An import of the loan log, in lines.
    Import,
    /// A cleanup, in entries.
    Cleanup,
}

/// The program that saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Saver {
    /// Tasktrail with default settings.
    Grouped,
    /// Tasktrail without group commit.
    Alone,
    /// pgbench, with a number of entries per statement.
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
    /// The same, into one table with 13 months of entries.
    Plain,
    /// The same, into monthly partitions.
    Partitioned,
    /// The same, with a million old entries that are not removed.
    Undisturbed,
    /// The same, while these are removed.
    DuringCleanup,
}

/// The program that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    Tasktrail,
    Pgbench,
    Original,
    /// Tasktrail, from one table.
    Plain,
    /// Tasktrail, from monthly partitions.
    Partitioned,
}

/// The program that gives tasks to agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dispatcher {
    Tasktrail,
    /// Only the state of a task, in two statements.
    Pgbench,
    River,
}

/// The listed tasks: those of the user with a number of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) tasks: u32,
    /// Whether only failed tasks are listed, one in a thousand.
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
