//! Exports histories as of a single instant.

mod snapshot;
mod statements;

use std::error::Error;
use std::fmt;

use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{Finish, HistoryEntry, Scope, StatusSet};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::StoreError;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::snapshot::Snapshot;

/// Selects the tasks of an export, which are exported as a whole. The default selects all tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportSelection {
    /// The users whose tasks are exported.
    pub scope: Scope,
    /// Only tasks with their last activity at or after this instant.
    pub since: Option<Timestamp>,
    /// Only tasks with their last activity before this instant.
    pub until: Option<Timestamp>,
    /// Only tasks with these statuses at the instant of the export. Defaults to all.
    pub statuses: StatusSet,
}

impl ExportSelection {
    /// Sets [`scope`](Self::scope).
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets [`since`](Self::since).
    #[must_use]
    pub fn with_since(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.since = instant.into();
        self
    }

    /// Sets [`until`](Self::until).
    #[must_use]
    pub fn with_until(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.until = instant.into();
        self
    }

    /// Sets [`statuses`](Self::statuses).
    #[must_use]
    pub fn with_statuses(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.statuses = statuses.into();
        self
    }
}

/// An item of an export. Each task is followed by its entries.
///
/// Exhaustive, because an export that ignores an item loses data.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportedItem {
    /// The start of a task.
    Task(ExportedTask),
    /// An entry of the most recent task, in the order of the trail.
    Entry(HistoryEntry),
}

/// A task without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportedTask {
    /// The task.
    pub task: TaskKey,
    /// Status and time of the finish; `None` if the task is open.
    pub finish: Option<Finish>,
    /// Number of entries that follow, including all revisions; 0 if the task was finished before
    /// anything was recorded.
    pub entries: u64,
}

/// An amount of tasks, entries and finishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportAmount {
    /// Number of tasks.
    pub tasks: u64,
    /// Number of their entries, including all revisions.
    pub entries: u64,
    /// Number of tasks that are finished.
    pub finishes: u64,
}

impl ExportAmount {
    /// Adds an item to the amount.
    pub fn add(&mut self, item: &ExportedItem) {
        match item {
            ExportedItem::Task(task) => {
                self.tasks += 1;
                self.finishes += u64::from(task.finish.is_some());
            }
            ExportedItem::Entry(_) => self.entries += 1,
        }
    }
}

impl fmt::Display for ExportAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tasks,
            entries,
            finishes,
        } = self;
        write!(
            f,
            "{tasks} tasks, {entries} entries and {finishes} finishes"
        )
    }
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The server failed, or a row could not be decoded.
    #[error("cannot read the histories")]
    Read(#[source] Box<dyn Error + Send + Sync>),
    /// The number of rows of a task differs from the count in its summary. The items so far are
    /// incomplete.
    #[error(
        "the export is not complete: task_summary counts {expected} entries of {task}, task_history \
         contains {read}; docs/EXPORT.md shows how to find and repair such tasks"
    )]
    Trail {
        /// The task.
        task: TaskKey,
        /// Number of entries according to the summary.
        expected: u64,
        /// Number of entries that were read.
        read: u64,
    },
    /// The total of all tasks differs from the total of the summaries. The items so far are
    /// incomplete.
    #[error("the export is not complete: task_summary counts {expected}, but {read} were read")]
    Incomplete {
        /// According to the summaries.
        expected: ExportAmount,
        /// What was read.
        read: ExportAmount,
    },
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// A running export of histories, ordered by user and task id.
///
/// All items are as of the instant at which the export started; later writes are not included. The
/// export uses its own connection and a transaction that ends when this value is dropped. Until
/// then the server cannot remove dead rows, and partitions can neither be created nor dropped; such
/// attempts fail after a few seconds and are repeated at the next run. So do not keep an export
/// open for days. It reads one portion ahead of the caller.
///
/// Counts are compared with the summaries, for each task and in total. An export that ends without
/// an error is complete.
#[derive(Debug)]
pub struct Export {
    total: ExportAmount,
    portions: mpsc::Receiver<Vec<ExportedItem>>,
    /// `None` once everything was read, or an error occurred.
    reading: Option<AbortOnDropHandle<Result<(), ExportError>>>,
}

impl Export {
    pub(crate) async fn begin(
        connector: &Connector,
        selection: &ExportSelection,
    ) -> Result<Self, ExportError> {
        let mut snapshot = Snapshot::take(connector, selection).await?;
        let total = snapshot.totals().await?;
        let (sender, portions) = mpsc::channel(1);
        let reading = tokio::spawn(async move { snapshot.read(total, &sender).await });
        Ok(Self {
            total,
            portions,
            reading: Some(AbortOnDropHandle::new(reading)),
        })
    }

    /// Returns the number of tasks in the export.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.total.tasks
    }

    /// Returns the number of entries of these tasks, including all revisions.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.total.entries
    }

    /// Returns the total amount according to the summaries.
    #[must_use]
    pub fn total(&self) -> ExportAmount {
        self.total
    }

    /// Returns the next items, at most 1000 and about 1 MiB; `None` at the end.
    ///
    /// A task may continue in the next portion.
    ///
    /// # Errors
    ///
    /// [`ExportError::Read`], [`Trail`](ExportError::Trail) or
    /// [`Incomplete`](ExportError::Incomplete). The error ends the export: the items so far are
    /// incomplete, and later calls return `None`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next_portion(&mut self) -> Result<Option<Vec<ExportedItem>>, ExportError> {
        if let Some(portion) = self.portions.recv().await {
            return Ok(Some(portion));
        }
        let Some(reading) = &mut self.reading else {
            return Ok(None);
        };
        let ended = reading.await;
        self.reading = None;
        match ended {
            Ok(read) => read.map(|()| None),
            Err(error) => Err(ExportError::Read(error.into())),
        }
    }
}
