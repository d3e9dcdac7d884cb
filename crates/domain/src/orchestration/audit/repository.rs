use std::fmt;

use async_trait::async_trait;

use super::{AuditCursor, AuditEntry, AuditFilter, NewAuditEntry};
use crate::UserId;
use crate::repository::{Page, PageRequest, Result, port};
use crate::write::WriteContext;

/// Reads the audit log, and adds entries of the service itself.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - Owners are isolated: the entries of another owner are not listed.
/// - No method of any port changes or removes an entry.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). `record`
/// fails with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as the source,
/// if the id of the write was used for a different write.
#[port("audit_log")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLogRepository: fmt::Debug + Send + Sync {
    /// Lists the entries of an owner that the filter accepts, by descending time, and by descending
    /// position for equal instants.
    ///
    /// No entry is listed twice over all pages. The cost of a page does not depend on the number of
    /// entries; with an action, or with both an entity and an actor, it grows with the entries that
    /// the page passes. A page with large entries may have fewer than requested, as [`Page`]
    /// describes.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &AuditFilter,
        page: &PageRequest<AuditCursor>,
    ) -> Result<Page<AuditEntry, AuditCursor>>;

    /// Adds an entry of the service.
    #[idempotent]
    async fn record(&self, context: &WriteContext, entry: &NewAuditEntry) -> Result<()>;
}
