//! The operations of the port as [`PgOperation`]s, with borrowed arguments.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::audit::{
    AuditCursor, AuditEntry, AuditFilter, NewAuditEntry, operation,
};
use tasktrail_domain::repository::{Operation, Page, PageRequest};
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;

use super::{list, record};

pub(super) struct List<'e>(
    pub(super) &'e UserId,
    pub(super) &'e AuditFilter,
    pub(super) &'e PageRequest<AuditCursor>,
);

impl PgOperation for List<'_> {
    type Output = Page<AuditEntry, AuditCursor>;

    const OPERATION: Operation = operation::LIST;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        list::page(connection, self.0, self.1, self.2).await
    }
}

pub(super) struct Record<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e NewAuditEntry,
    pub(super) LockWait,
);

impl PgOperation for Record<'_> {
    type Output = ();

    const OPERATION: Operation = operation::RECORD;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let recorded = record::entry(connection, self.0, self.1, self.2).await;
        recorded.map_err(|error| self.2.explain(error))
    }
}
