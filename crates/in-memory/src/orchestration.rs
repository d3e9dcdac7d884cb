//! Orchestration in memory.

mod agents;
mod audit_log;
mod dispatch;
mod tasks;

use std::error::Error;
use std::fmt;

use tasktrail_domain::UserId;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};
use tasktrail_domain::write::WriteContext;

use crate::store::orchestration::{EndedTask, Owner, Purpose, Write};
use crate::store::transactions::{Lock, TransactionId, Transactions};
use crate::store::{Data, InMemoryStore};
use crate::view::View;

/// The repositories of orchestration in memory: a view of an [`InMemoryStore`]. Clones share its data.
///
/// It implements the ports of agents, tasks, dispatch and the audit log, so that they share their
/// data.
///
/// A write of an owner whose agents or tasks a [transaction](crate::InMemoryTransaction) has written
/// waits until that ends. Only then it needs a tokio runtime with the time driver enabled.
#[derive(Clone, Default)]
pub struct InMemoryOrchestration {
    view: View,
}

impl InMemoryStore {
    /// Returns the repositories of orchestration of this store.
    #[must_use]
    pub fn orchestration(&self) -> InMemoryOrchestration {
        InMemoryOrchestration::of(self.clone(), None)
    }

    /// Returns a copy of the agents, tasks, executions and audit log of an owner as they are committed
    /// now, in a store of its own. Later writes do not change it.
    #[must_use]
    pub fn orchestration_snapshot(&self, user: &UserId) -> InMemoryOrchestration {
        let owner = self.lock().read(None, |data, _| data.owners.copy(user));
        let copy = Self::new();
        let keep = |data: &mut Data| *data.owners.get_mut(user) = owner;
        copy.lock().write(None, Vec::new(), keep);
        copy.orchestration()
    }
}

impl InMemoryOrchestration {
    /// Creates empty repositories, in a store of their own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(store: InMemoryStore, transaction: Option<TransactionId>) -> Self {
        Self {
            view: View::of(store, transaction),
        }
    }

    fn read<T>(
        &self,
        operation: Operation,
        user: &UserId,
        read: impl FnOnce(&Owner) -> T,
    ) -> Result<T> {
        let of_owner = |data: &Data, _: &Transactions| match data.owners.get(user) {
            Some(owner) => read(owner),
            None => read(&Owner::new(user.clone())),
        };
        self.view.read(operation, of_owner)
    }

    /// Applies a write, unless it is a repetition.
    async fn write<T: Clone + Send + Sync + 'static>(
        &self,
        context: &WriteContext,
        user: &UserId,
        purpose: Purpose,
        change: impl FnOnce(&mut Write<'_>) -> T + Send,
    ) -> Result<T> {
        let operation = purpose.method();
        let write = |owner: &mut Owner| {
            let written = owner.write(context, purpose, change);
            written.map_err(|refused| conflict(operation, refused))
        };
        self.change(operation, user, write).await
    }

    /// Changes the data of an owner, and finishes the tasks that ended in the task history.
    async fn change<T: Send>(
        &self,
        operation: Operation,
        user: &UserId,
        change: impl FnOnce(&mut Owner) -> Result<(T, Vec<EndedTask>)> + Send,
    ) -> Result<T> {
        let locks = || vec![Lock::Owner(user.clone())];
        let change = |data: &mut Data| change(data.owners.get_mut(user));
        self.view.write_and_finish(operation, locks, change).await
    }
}

impl fmt::Debug for InMemoryOrchestration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemoryOrchestration")
    }
}

fn conflict(
    operation: Operation,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> RepositoryError {
    let conflict = RepositoryError::new(operation, ErrorKind::Conflict, Effect::NotApplied);
    conflict.with_source(source)
}
