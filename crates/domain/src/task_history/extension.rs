use async_trait::async_trait;

use super::{
    CancelOutcome, FinalStatus, HistoryEntry, Removal, RemovalBatch, RetentionPolicy,
    TaskHistoryRepository, TaskKey,
};
use crate::repository::{PageRequest, PageSize, Result};
use crate::timestamp::Timestamp;

/// What every [`TaskHistoryRepository`] can do besides, in terms of the port.
#[async_trait]
pub trait TaskHistoryRepositoryExt: TaskHistoryRepository {
    /// Cancels a task: [`finish`](TaskHistoryRepository::finish) with `cancelled`.
    async fn cancel(&self, task: &TaskKey, at: Timestamp) -> Result<CancelOutcome> {
        Ok(self.finish(task, FinalStatus::Cancelled, at).await?.into())
    }

    /// Loads the current state of all steps of a task, page by page.
    ///
    /// All of them are in memory then; walk [`load`](TaskHistoryRepository::load) if they may be many.
    async fn load_all(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        let mut steps = Vec::new();
        let mut page = Some(PageRequest::first(PageSize::MAX));
        while let Some(request) = page {
            let loaded = self.load(task, &request).await?;
            steps.extend(loaded.items);
            page = request.next(loaded.next);
        }
        Ok(steps)
    }

    /// Loads the whole trail of a task, page by page.
    ///
    /// All of it is in memory then; walk [`trail`](TaskHistoryRepository::trail) if it may be long.
    async fn trail_all(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        let mut trail = Vec::new();
        let mut page = Some(PageRequest::first(PageSize::MAX));
        while let Some(request) = page {
            let loaded = self.trail(task, &request).await?;
            trail.extend(loaded.items);
            page = request.next(loaded.next);
        }
        Ok(trail)
    }

    /// Removes every task that the policy covers, batch by batch, and tells how much went.
    ///
    /// `progress` is called after each batch with what has gone so far and where the walk stands.
    ///
    /// # Cancel safety
    ///
    /// The batches that were done stay done; call it again to go on.
    async fn remove_all_expired<P>(
        &self,
        policy: &RetentionPolicy,
        batch: RemovalBatch,
        mut progress: P,
    ) -> Result<Removal>
    where
        P: FnMut(&Removal) + Send,
    {
        let mut batch = batch;
        let mut total = Removal::default();
        loop {
            let removed = self.remove_expired(policy, &batch).await?;
            total.tasks += removed.tasks;
            total.entries += removed.entries;
            total.next.clone_from(&removed.next);
            progress(&total);
            if removed.next.is_none() {
                return Ok(total);
            }
            batch.after = removed.next;
        }
    }
}

impl<R: TaskHistoryRepository + ?Sized> TaskHistoryRepositoryExt for R {}
