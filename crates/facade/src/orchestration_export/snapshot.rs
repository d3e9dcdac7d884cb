use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::AgentRepository;
use tasktrail_domain::orchestration::audit::AuditLogRepository;
use tasktrail_domain::orchestration::dispatch::DispatchRepository;
use tasktrail_domain::orchestration::task::TaskRepository;
#[cfg(feature = "in-memory")]
use tasktrail_in_memory::InMemoryOrchestration;
#[cfg(feature = "postgres")]
use tasktrail_postgres::OrchestrationSnapshot;

use crate::DatabaseError;
use crate::store::{Connection, Store};

/// The data of an owner at one instant.
#[derive(Debug)]
pub(crate) enum Snapshot {
    #[cfg(feature = "in-memory")]
    InMemory(InMemoryOrchestration),
    #[cfg(feature = "postgres")]
    Postgres(Box<OrchestrationSnapshot>),
}

/// All ports of orchestration.
pub(super) trait Ports:
    AgentRepository + TaskRepository + DispatchRepository + AuditLogRepository
{
}

impl<R> Ports for R where
    R: AgentRepository + TaskRepository + DispatchRepository + AuditLogRepository
{
}

impl Snapshot {
    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            clippy::unused_async,
            unused_variables,
            reason = "a copy in memory needs no connection"
        )
    )]
    #[cfg_attr(
        not(feature = "in-memory"),
        expect(unused_variables, reason = "a snapshot on PostgreSQL has all owners")
    )]
    pub(crate) async fn take(
        store: &Store,
        connection: &Connection,
        owner: &UserId,
    ) -> Result<Self, DatabaseError> {
        match store {
            #[cfg(feature = "in-memory")]
            Store::InMemory(store) => Ok(Self::InMemory(store.orchestration_snapshot(owner))),
            #[cfg(feature = "postgres")]
            Store::Postgres(_) => {
                let database = connection.database().ok_or(DatabaseError::NotConnected)?;
                let opened = database.postgres.open_connection().await;
                let opened = opened.map_err(DatabaseError::Connect)?;
                let snapshot = OrchestrationSnapshot::take(opened).await?;
                Ok(Self::Postgres(Box::new(snapshot)))
            }
        }
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            clippy::unnecessary_wraps,
            reason = "a transaction on PostgreSQL can have ended"
        )
    )]
    pub(super) fn ports(&mut self) -> Result<Box<dyn Ports + '_>, DatabaseError> {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(copy) => Ok(Box::new(copy.clone())),
            #[cfg(feature = "postgres")]
            Self::Postgres(snapshot) => Ok(Box::new(snapshot.orchestration()?)),
        }
    }
}
