use std::fmt;

use async_trait::async_trait;

use super::{AuditCursor, AuditEntry, AuditFilter, NewAuditEntry};
use crate::UserId;
use crate::repository::{Page, PageRequest, Result, port};
use crate::write::WriteContext;

/// Lists the audit log, and adds entries of the service itself.
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
/// also fails with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as its
/// source, if the id of the write was used for a different write. Nothing is added in this case.
#[port("audit_log")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AuditLogRepository: fmt::Debug + Send + Sync {
    /// Lists the entries of an owner that the filter accepts, by descending time, and by descending
    /// position for equal instants.
    ///
    /// No entry is listed twice over all pages. The cost of a page does not depend on the number of
    /// entries. Only with an action, or with both an entity and an actor, it grows with the number
    /// of entries that the filter does not accept. A page with large entries may have fewer than
    /// requested, as [`Page`] describes.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &AuditFilter,
        page: &PageRequest<AuditCursor>,
    ) -> Result<Page<AuditEntry, AuditCursor>>;

    /// Adds an entry of the service itself. Repeating the write with the same entry adds nothing.
    #[idempotent]
    async fn record(&self, context: &WriteContext, entry: &NewAuditEntry) -> Result<()>;
}
