use async_trait::async_trait;

use super::{
    CancelOutcome, FinalStatus, HistoryEntry, RemovalLimits, RemovalResult, RetentionPolicy,
    TaskHistoryRepository, TaskKey,
};
use crate::repository::{Page, PageRequest, PageSize, Result};
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
        every_page(|page| async move { self.load(task, &page).await }).await
    }

    /// Loads the whole trail of a task, page by page.
    ///
    /// All of it is in memory then; walk [`trail`](TaskHistoryRepository::trail) if it may be long.
    async fn trail_all(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        every_page(|page| async move { self.trail(task, &page).await }).await
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
        batch: RemovalLimits,
        mut progress: P,
    ) -> Result<RemovalResult>
    where
        P: FnMut(&RemovalResult) + Send,
    {
        let mut batch = batch;
        let mut total = RemovalResult::default();
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

/// Reads a list to its end, in the longest pages there are.
async fn every_page<T, C, F>(read: impl Fn(PageRequest<C>) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<Page<T, C>>>,
{
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = read(PageRequest {
            size: PageSize::MAX,
            after,
        })
        .await?;
        items.extend(page.items);
        if page.next.is_none() {
            return Ok(items);
        }
        after = page.next;
    }
}
