use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::audit::{
    AuditCursor, AuditEntry, AuditFilter, Change, NewAuditEntry,
};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::write::WriteContext;

use super::Orchestration;
use crate::fixture::user;
use crate::pages::pages;

/// The methods of the port of the audit log. Each panics on an error.
impl Orchestration {
    /// Returns one page of the audit log.
    pub async fn entry_page(
        &self,
        user: &UserId,
        filter: &AuditFilter,
        page: &PageRequest<AuditCursor>,
    ) -> Page<AuditEntry, AuditCursor> {
        self.audit_log.list(user, filter, page).await.unwrap()
    }

    /// Returns the audit log as pages.
    pub async fn entry_pages(
        &self,
        user: &UserId,
        filter: &AuditFilter,
        size: u64,
    ) -> Vec<Vec<AuditEntry>> {
        pages(size, async |asked| {
            self.entry_page(user, filter, asked).await
        })
        .await
    }

    /// Returns all entries that a filter accepts, the latest first.
    pub async fn entries(&self, user: &UserId, filter: &AuditFilter) -> Vec<AuditEntry> {
        self.entry_pages(user, filter, 1000).await.concat()
    }

    /// Adds an entry.
    pub async fn record(&self, context: &WriteContext, entry: &NewAuditEntry) {
        self.audit_log.record(context, entry).await.unwrap();
    }

    /// Returns what a write of `alice` changed, by its entries in the audit log in their order.
    ///
    /// Panics unless they have the context of the write, and the ordinals from 0 in the order of
    /// their positions.
    pub async fn changes_of(&self, context: &WriteContext) -> Vec<Change> {
        self.changes_of_owner(&user("alice"), context).await
    }

    /// Returns what a write changed for an owner, as [`changes_of`](Self::changes_of) does.
    pub async fn changes_of_owner(&self, user: &UserId, context: &WriteContext) -> Vec<Change> {
        let mut entries = self.entries(user, &AuditFilter::default()).await;
        entries.retain(|entry| entry.write_id == context.id);
        entries.sort_by_key(|entry| entry.position);
        let changes = (0..).zip(entries).map(|(ordinal, entry)| {
            let change = Change::from(entry.clone());
            let position = entry.position;
            let expected = AuditEntry::of(change.clone(), user.clone(), context, ordinal, position);
            assert_eq!(entry, expected);
            change
        });
        changes.collect()
    }
}
