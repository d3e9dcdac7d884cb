//! What a manager keeps its histories in, and whether it is connected to it.

use std::sync::{Arc, PoisonError, RwLock};

use tasktrail_domain::task_history::TaskHistoryRepository;
#[cfg(feature = "in-memory")]
use tasktrail_in_memory::InMemoryTaskHistory;
#[cfg(feature = "postgres")]
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, SchemaState};

use crate::DatabaseError;

/// Where the histories are.
#[derive(Debug)]
pub(crate) enum Store {
    #[cfg(feature = "in-memory")]
    InMemory(InMemoryTaskHistory),
    #[cfg(feature = "postgres")]
    Postgres(PostgresConfig),
}

/// An open way to the histories.
#[derive(Debug, Clone)]
pub(crate) enum Connection {
    #[cfg(feature = "in-memory")]
    InMemory(InMemoryTaskHistory),
    #[cfg(feature = "postgres")]
    Postgres(PostgresDatabase),
}

impl Connection {
    pub(crate) async fn open(store: &Store) -> Result<Self, DatabaseError> {
        match store {
            #[cfg(feature = "in-memory")]
            Store::InMemory(histories) => Ok(Self::InMemory(histories.clone())),
            #[cfg(feature = "postgres")]
            Store::Postgres(config) => PostgresDatabase::connect(config.clone())
                .await
                .map(Self::Postgres)
                .map_err(DatabaseError::Connect),
        }
    }

    /// Brings the schema up to date, and tells which migrations that took.
    pub(crate) async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => Ok(Vec::new()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.migrate().await.map_err(DatabaseError::Migrate),
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn schema(&self) -> Result<SchemaState, DatabaseError> {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => Ok(SchemaState::default()),
            Self::Postgres(database) => database.schema().await.map_err(DatabaseError::Migrate),
        }
    }

    pub(crate) fn task_history(&self) -> Arc<dyn TaskHistoryRepository> {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(histories) => Arc::new(histories.clone()),
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => Arc::new(database.task_history()),
        }
    }

    fn close(&self) {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => {}
            #[cfg(feature = "postgres")]
            Self::Postgres(database) => database.close(),
        }
    }
}

/// Whether there is a connection.
#[derive(Debug, Default)]
pub(crate) struct State(RwLock<Phase>);

#[derive(Debug, Default)]
enum Phase {
    #[default]
    New,
    Connected(Connection),
    Closed,
}

impl State {
    pub(crate) fn connected(connection: Connection) -> Self {
        Self(RwLock::new(Phase::Connected(connection)))
    }

    pub(crate) fn set(&self, connection: Connection) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Phase::Connected(connection);
    }

    pub(crate) fn connection(&self) -> Result<Connection, DatabaseError> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Phase::New => Err(DatabaseError::NotConnected),
            Phase::Connected(connection) => Ok(connection.clone()),
            Phase::Closed => Err(DatabaseError::Closed),
        }
    }

    pub(crate) fn close(&self) {
        let mut phase = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Phase::Connected(connection) = &*phase {
            connection.close();
        }
        *phase = Phase::Closed;
    }
}
