//! The port of the audit log.

mod list;
mod operations;
mod record;
mod row;

use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::audit::{
    AuditCursor, AuditEntry, AuditFilter, AuditLogRepository, NewAuditEntry,
};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::write::WriteContext;

use super::PostgresOrchestration;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AuditLogRepository for PostgresOrchestration<'_> {
    async fn list(
        &self,
        user: &UserId,
        filter: &AuditFilter,
        page: &PageRequest<AuditCursor>,
    ) -> Result<Page<AuditEntry, AuditCursor>> {
        self.run(operations::List(user, filter, page)).await
    }

    async fn record(&self, context: &WriteContext, entry: &NewAuditEntry) -> Result<()> {
        self.write(|wait| operations::Record(context, entry, wait))
            .await
    }
}
