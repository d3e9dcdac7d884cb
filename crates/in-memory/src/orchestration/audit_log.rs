use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::audit::{
    AuditCursor, AuditEntry, AuditFilter, AuditLogRepository, NewAuditEntry, operation,
};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::write::WriteContext;

use super::InMemoryOrchestration;
use crate::store::orchestration::{Purpose, Subject, Write};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AuditLogRepository for InMemoryOrchestration {
    async fn list(
        &self,
        user: &UserId,
        filter: &AuditFilter,
        page: &PageRequest<AuditCursor>,
    ) -> Result<Page<AuditEntry, AuditCursor>> {
        self.read(operation::LIST, user, |owner| owner.log.page(filter, page))
    }

    async fn record(&self, context: &WriteContext, entry: &NewAuditEntry) -> Result<()> {
        let action = entry.action.action().clone();
        let subject = Subject::Entry(action, entry.entity, entry.entity_id.clone());
        let record = |write: &mut Write<'_>| write.record(entry.clone().into());
        let purpose = Purpose::new(operation::RECORD, subject);
        self.write(context, &entry.user, purpose, record).await
    }
}
