//! What a manager keeps its histories in, and whether it is connected to it.

use std::sync::{Arc, PoisonError, RwLock};

use tasktrail_domain::task_history::TaskHistoryRepository;
#[cfg(feature = "in-memory")]
use tasktrail_in_memory::InMemoryTaskHistory;
#[cfg(feature = "postgres")]
use tasktrail_postgres::{PostgresDatabase, SchemaState};
#[cfg(feature = "postgres")]
use tasktrail_resilience::{Guarded, StandardPolicy};

#[cfg(feature = "postgres")]
use crate::DatabaseConfig;
use crate::DatabaseError;

/// Where the histories are.
#[derive(Debug)]
pub(crate) enum Store {
    #[cfg(feature = "in-memory")]
    InMemory(InMemoryTaskHistory),
    #[cfg(feature = "postgres")]
    Postgres(Box<DatabaseConfig>),
}

/// An open way to the histories.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) task_history: Arc<dyn TaskHistoryRepository>,
    /// What is behind it, where that has connections and a schema.
    #[cfg(feature = "postgres")]
    database: Option<Arc<PostgresDatabase>>,
}

impl Connection {
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "what is in memory is open at once")
    )]
    pub(crate) async fn open(store: &Store) -> Result<Self, DatabaseError> {
        match store {
            #[cfg(feature = "in-memory")]
            Store::InMemory(histories) => Ok(Self::in_memory(histories.clone())),
            #[cfg(feature = "postgres")]
            Store::Postgres(config) => Self::postgres(config).await,
        }
    }

    #[cfg(feature = "in-memory")]
    pub(crate) fn in_memory(histories: InMemoryTaskHistory) -> Self {
        Self {
            task_history: Arc::new(histories),
            #[cfg(feature = "postgres")]
            database: None,
        }
    }

    #[cfg(feature = "postgres")]
    async fn postgres(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let (postgres, resilience) = config.parts();
        let database = PostgresDatabase::connect(postgres.clone())
            .await
            .map_err(DatabaseError::Connect)?;
        let policy = StandardPolicy::new(resilience);
        Ok(Self {
            task_history: Arc::new(Guarded::new(database.task_history(), policy)),
            database: Some(Arc::new(database)),
        })
    }

    /// Brings the schema up to date, and tells which migrations that took.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            clippy::unused_async,
            reason = "what is in memory has no schema to wait for"
        )
    )]
    pub(crate) async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        #[cfg(feature = "postgres")]
        if let Some(database) = &self.database {
            return database.migrate().await.map_err(DatabaseError::Migrate);
        }
        Ok(Vec::new())
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn schema(&self) -> Result<SchemaState, DatabaseError> {
        match &self.database {
            None => Ok(SchemaState::default()),
            Some(database) => database.schema().await.map_err(DatabaseError::Migrate),
        }
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            clippy::unused_self,
            reason = "what is in memory has no connections to end"
        )
    )]
    fn close(&self) {
        #[cfg(feature = "postgres")]
        if let Some(database) = &self.database {
            database.close();
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
    #[cfg(feature = "in-memory")]
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
