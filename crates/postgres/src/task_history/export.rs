//! All histories, or some of them, as they stand at one instant.

mod snapshot;
mod statements;

use std::error::Error;
use std::fmt;

use tasktrail_domain::task_history::{Finish, HistoryEntry, Scope, TaskKey};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::StoreError;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::snapshot::Snapshot;

/// Which tasks an export takes, whole ones. The default is everybody's, of any time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportSelection {
    /// Whose tasks.
    pub scope: Scope,
    /// Only tasks with their last activity at this instant or later.
    pub since: Option<Timestamp>,
    /// Only tasks with their last activity before this instant.
    pub until: Option<Timestamp>,
}

/// A part of a history on its way out. A task comes first, and its entries follow.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportedItem {
    /// A task begins.
    Task(ExportedTask),
    /// An entry of the task that began last, in the order of the trail.
    Entry(HistoryEntry),
}

/// What is known of a task besides its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedTask {
    /// The task.
    pub task: TaskKey,
    /// How it was finished; `None` while it is open.
    pub finish: Option<Finish>,
    /// How many entries follow, all revisions counted. None if it was finished before anything was
    /// recorded.
    pub entries: u64,
}

/// How much of the histories there is, was read, or was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportAmount {
    /// Tasks.
    pub tasks: u64,
    /// Entries of these tasks, all revisions counted.
    pub entries: u64,
    /// How many of the tasks were finished.
    pub finishes: u64,
}

impl ExportAmount {
    /// Counts an item.
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

/// Histories could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The server failed, or a row cannot be read.
    #[error("the histories could not be read")]
    Read(#[source] Box<dyn Error + Send + Sync>),
    /// The rows of a task are not as many as its summary counts. What was read so far is not complete.
    #[error(
        "the export is not complete: task_summary counts {expected} entries of {task}, task_history \
         holds {read}; docs/EXPORT.md shows how to find and mend such tasks"
    )]
    Trail {
        /// The task.
        task: TaskKey,
        /// How many entries its summary counts.
        expected: u64,
        /// How many there are.
        read: u64,
    },
    /// All tasks together are not as much as the summaries count. What was read is not complete.
    #[error("the export is not complete: task_summary counts {expected}, and {read} were read")]
    Incomplete {
        /// By the summaries.
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

/// Histories on their way out, task by task in the order of users and task ids.
///
/// All of it is of the instant at which the export began; what is written meanwhile is not in it. It
/// takes a connection and a transaction of its own, which ends with this value. Until then the server
/// cannot remove dead rows, and partitions can be neither made nor dropped: those who try give up after
/// a few seconds and try again at their next run. So do not leave an export waiting for days. The next
/// portion is read while the caller works on the last one, and no more than that is held.
///
/// What is read is compared with the summaries, task by task and as a whole. An export that ends without
/// an error is complete.
#[derive(Debug)]
pub struct Export {
    total: ExportAmount,
    portions: mpsc::Receiver<Vec<ExportedItem>>,
    /// `None` when all has been read, or it has failed.
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

    /// How many tasks it has.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.total.tasks
    }

    /// How many entries these tasks have, all revisions counted.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.total.entries
    }

    /// How much it has in all, by the summaries.
    #[must_use]
    pub fn total(&self) -> ExportAmount {
        self.total
    }

    /// The next items, at most 1000 and about a MiB of them; `None` at the end.
    ///
    /// A task may go on in the next portion.
    ///
    /// # Errors
    ///
    /// [`ExportError::Read`], [`Trail`](ExportError::Trail) or [`Incomplete`](ExportError::Incomplete), once,
    /// which ends the export before its end: there is `None` afterwards. What was given before is not
    /// complete then.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
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
