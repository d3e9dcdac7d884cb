//! All histories, or some of them, as they stand at one instant.

mod snapshot;
mod statements;

use std::error::Error;

use tasktrail_domain::task_history::{Finish, HistoryEntry, Scope, TaskKey};
use tasktrail_domain::timestamp::Timestamp;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use self::snapshot::Snapshot;
use crate::connection::Connector;
use crate::error::StoreError;

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
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// Histories on their way out, task by task in the order of users and task ids.
///
/// All of it is of the instant at which the export began; what is written meanwhile is not in it. It
/// takes a connection and a transaction of its own, which ends with this value. The server cannot clean
/// up rows that are removed meanwhile, so an export should not be left waiting for days. The next portion
/// is read while the caller works on the last one, and no more than that is held.
#[derive(Debug)]
pub struct Export {
    tasks: u64,
    entries: u64,
    portions: mpsc::Receiver<Vec<ExportedItem>>,
    /// `None` when all has been read, or it has failed.
    reading: Option<AbortOnDropHandle<Result<(), StoreError>>>,
}

impl Export {
    pub(crate) async fn begin(
        connector: &Connector,
        selection: &ExportSelection,
    ) -> Result<Self, ExportError> {
        let mut snapshot = Snapshot::take(connector, selection).await?;
        let (tasks, entries) = snapshot.totals().await?;
        let (sender, portions) = mpsc::channel(1);
        let reading = tokio::spawn(async move { snapshot.read(&sender).await });
        Ok(Self {
            tasks,
            entries,
            portions,
            reading: Some(AbortOnDropHandle::new(reading)),
        })
    }

    /// How many tasks it has.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.tasks
    }

    /// How many entries these tasks have, all revisions counted.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The next items, at most 1000 and about a MiB of them; `None` at the end.
    ///
    /// A task may go on in the next portion.
    ///
    /// # Errors
    ///
    /// [`ExportError::Read`], once, which ends the export before its end: there is `None` afterwards.
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
            Ok(read) => Ok(read.map(|()| None)?),
            Err(error) => Err(ExportError::Read(error.into())),
        }
    }
}
