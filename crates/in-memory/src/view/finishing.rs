//! How a write finishes the tasks that it has ended in the task history.

use tasktrail_domain::repository::{Operation, Result};

use super::View;
use crate::store::orchestration::EndedTask;
use crate::store::transactions::{Lock, TransactionId};
use crate::store::{Data, InMemoryStore};

impl View {
    /// Like [`write`](Self::write), and finishes the tasks that `change` has ended.
    ///
    /// Which tasks these are is known only then. So while anything is locked, the call is a transaction,
    /// which waits for the locks of these tasks while it keeps `locks`.
    pub(crate) async fn write_and_finish<T: Send>(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
        change: impl FnOnce(&mut Data) -> Result<(T, Vec<EndedTask>)> + Send,
    ) -> Result<T> {
        if let Some(mut contents) = self.if_nothing_is_locked(operation)? {
            return contents.write(None, Vec::new(), |data| {
                let (outcome, ended) = change(data)?;
                data.finish(&ended);
                Ok(outcome)
            });
        }
        if self.transaction.is_some() {
            return self.change_then_finish(operation, locks, change).await;
        }
        let transaction = OneCall::begin(&self.store);
        let view = transaction.view();
        let outcome = view.change_then_finish(operation, locks, change).await?;
        transaction.commit();
        Ok(outcome)
    }

    async fn change_then_finish<T: Send>(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
        change: impl FnOnce(&mut Data) -> Result<(T, Vec<EndedTask>)> + Send,
    ) -> Result<T> {
        let (outcome, ended) = self.write(operation, locks, change).await?;
        let locks = || {
            let tasks = ended.iter().map(|ended| ended.task.clone());
            tasks.map(Lock::Task).collect()
        };
        let finish = |data: &mut Data| {
            data.finish(&ended);
            Ok(())
        };
        self.write(operation, locks, finish).await?;
        Ok(outcome)
    }
}

/// A transaction for one call, which is rolled back unless it is committed.
struct OneCall {
    store: InMemoryStore,
    id: TransactionId,
}

impl OneCall {
    fn begin(store: &InMemoryStore) -> Self {
        Self {
            store: store.clone(),
            id: store.lock().transactions.begin(),
        }
    }

    fn view(&self) -> View {
        View::of(self.store.clone(), Some(self.id))
    }

    fn commit(&self) {
        self.store.lock().commit(self.id);
    }
}

impl Drop for OneCall {
    fn drop(&mut self) {
        // Does nothing after a commit.
        self.store.lock().roll_back(self.id);
        self.store.transaction_ended().notify_waiters();
    }
}
