use async_trait::async_trait;

use super::{
    CancelOutcome, FinalStatus, HistoryEntry, RemovalLimits, RemovalResult, RetentionPolicy,
    TaskHistoryRepository,
};
use crate::TaskKey;
use crate::repository::{Page, PageRequest, PageSize, Result};
use crate::timestamp::Timestamp;

/// Convenience methods for every [`TaskHistoryRepository`], built on the methods of the port.
#[async_trait]
pub trait TaskHistoryRepositoryExt: TaskHistoryRepository {
    /// Cancels a task at `at`: [`finish`](TaskHistoryRepository::finish) with the status
    /// `cancelled`.
    async fn cancel(&self, task: &TaskKey, at: Timestamp) -> Result<CancelOutcome> {
        Ok(self.finish(task, FinalStatus::Cancelled, at).await?.into())
    }

    /// Loads the newest revision of all steps of a task, page by page, into memory.
    ///
    /// For tasks with many or large steps, use [`load`](TaskHistoryRepository::load) and process
    /// each page.
    async fn load_all(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        every_page(|page| async move { self.load(task, &page).await }).await
    }

    /// Loads the whole trail of a task, page by page, into memory.
    ///
    /// For long trails, use [`trail`](TaskHistoryRepository::trail) and process each page.
    async fn trail_all(&self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        every_page(|page| async move { self.trail(task, &page).await }).await
    }

    /// Removes every task that the policy covers, batch by batch, and returns the totals.
    ///
    /// `progress` is called after each batch with the totals so far and the current position.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future keeps the completed batches. Call it again to continue.
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

/// Reads a list to its end, in pages of the maximum size.
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
