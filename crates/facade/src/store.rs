//! The store of a manager, and the state of the connection to it.

use std::mem;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use tasktrail_domain::repository::CloseReport;
use tasktrail_domain::task_history::TaskHistoryRepository;
#[cfg(feature = "in-memory")]
use tasktrail_in_memory::InMemoryStore;
#[cfg(feature = "postgres")]
use tasktrail_postgres::{MigrateError, PostgresConfig, PostgresDatabase};
#[cfg(feature = "postgres")]
use tasktrail_resilience::{Guarded, StandardPolicy, TimeoutConfig};

#[cfg(feature = "postgres")]
use crate::DatabaseConfig;
use crate::DatabaseError;
#[cfg(feature = "postgres")]
use crate::maintenance_policy::MaintenancePolicy;
use crate::orchestrator::OrchestrationPorts;
#[cfg(feature = "postgres")]
use crate::telemetry::{self, Published};

/// The location of the histories.
#[derive(Debug)]
pub(crate) enum Store {
    #[cfg(feature = "in-memory")]
    InMemory(InMemoryStore),
    #[cfg(feature = "postgres")]
    Postgres(Box<DatabaseConfig>),
}

impl Store {
    /// How long a connect waits for a database that is out of reach.
    pub(crate) fn connect_wait(&self) -> Duration {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => Duration::ZERO,
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => config.connect_wait(),
        }
    }

    /// How long a close waits for calls in flight.
    pub(crate) fn close_timeout(&self) -> Duration {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => Duration::ZERO,
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => config.close_timeout(),
        }
    }

    /// The configured policy of scheduled maintenance.
    #[cfg(feature = "postgres")]
    pub(crate) fn maintenance_policy(&self) -> Option<&MaintenancePolicy> {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => None,
            Self::Postgres(config) => config.maintenance(),
        }
    }

    /// The timeout of a health check.
    #[cfg(feature = "postgres")]
    pub(crate) fn health_timeout(&self) -> Duration {
        match self {
            #[cfg(feature = "in-memory")]
            Self::InMemory(_) => Duration::ZERO,
            Self::Postgres(config) => config.health_timeout(),
        }
    }
}

/// An open store.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) task_history: Arc<dyn TaskHistoryRepository>,
    /// The same port, with reads that may be stale.
    pub(crate) stale_task_history: Arc<dyn TaskHistoryRepository>,
    pub(crate) orchestration: OrchestrationPorts<'static>,
    /// `None` in memory.
    #[cfg(feature = "postgres")]
    database: Option<Arc<Database>>,
}

#[cfg(feature = "postgres")]
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) postgres: PostgresDatabase,
    pub(crate) policy: StandardPolicy,
    pub(crate) published: Published,
}

#[cfg(feature = "postgres")]
impl Database {
    /// Publishes its current statistics as metrics.
    pub(crate) fn publish(&self) {
        telemetry::publish(&self.published, &self.postgres, &self.policy);
    }
}

impl Connection {
    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            clippy::unused_async,
            reason = "opening the in-memory store does not wait"
        )
    )]
    pub(crate) async fn open(store: &Store) -> Result<Self, DatabaseError> {
        match store {
            #[cfg(feature = "in-memory")]
            Store::InMemory(store) => Ok(Self::in_memory(store)),
            #[cfg(feature = "postgres")]
            Store::Postgres(config) => Self::postgres(config).await,
        }
    }

    #[cfg(feature = "in-memory")]
    pub(crate) fn in_memory(store: &InMemoryStore) -> Self {
        let task_history: Arc<dyn TaskHistoryRepository> = Arc::new(store.task_history());
        Self {
            stale_task_history: Arc::clone(&task_history),
            task_history,
            orchestration: OrchestrationPorts::of(store.orchestration()),
            #[cfg(feature = "postgres")]
            database: None,
        }
    }

    #[cfg(feature = "postgres")]
    async fn postgres(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        config.validate().map_err(DatabaseError::Config)?;
        let (postgres, resilience) = config.parts();
        let postgres = within_attempts(postgres.clone(), resilience.timeout);
        let postgres = PostgresDatabase::connect(postgres)
            .await
            .map_err(DatabaseError::Connect)?;
        let policy = StandardPolicy::new(resilience);
        let guarded = |history| Arc::new(Guarded::new(history, policy.clone()));
        Ok(Self {
            task_history: guarded(postgres.task_history()),
            stale_task_history: guarded(postgres.stale_task_history()),
            orchestration: OrchestrationPorts::of(Guarded::new(
                postgres.orchestration(),
                policy.clone(),
            )),
            database: Some(Arc::new(Database {
                postgres,
                policy,
                published: Published::default(),
            })),
        })
    }

    /// Brings the schema up to date, and returns the migrations that were applied.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "the in-memory store has no schema")
    )]
    pub(crate) async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        #[cfg(feature = "postgres")]
        if let Some(database) = &self.database {
            let migrated = database.postgres.migrate().await;
            return migrated.map_err(|error| match error {
                MigrateError::Closed => DatabaseError::Closed,
                error => DatabaseError::Migrate(error),
            });
        }
        Ok(Vec::new())
    }

    /// The database; `None` in memory.
    #[cfg(feature = "postgres")]
    pub(crate) fn database(&self) -> Option<&Database> {
        self.database.as_deref()
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            clippy::unused_async,
            unused_variables,
            reason = "the in-memory store has no connections to close"
        )
    )]
    pub(crate) async fn close(&self, deadline: Duration) -> CloseReport {
        #[cfg(feature = "postgres")]
        if let Some(database) = &self.database {
            let closing = database.postgres.close(deadline).await;
            database.publish();
            return closing;
        }
        CloseReport::default()
    }
}

/// Fits the server's timeouts to those of the attempts. The lock timeout is shorter, so that an
/// attempt fails with the lock as its cause. The statement timeout is not shorter, so that the
/// server does not cancel a statement while its attempt still waits for it.
#[cfg(feature = "postgres")]
fn within_attempts(postgres: PostgresConfig, timeout: Option<TimeoutConfig>) -> PostgresConfig {
    let Some(timeout) = timeout else {
        return postgres;
    };
    let (statement, lock) = (postgres.statement_timeout(), postgres.lock_timeout());
    let postgres = postgres
        .with_lock_timeout(
            lock.min(timeout.attempt * 3 / 4)
                .max(Duration::from_millis(1)),
        )
        .with_long_statement_timeout(timeout.long_attempt);
    // Zero disables the statement timeout.
    if statement.is_zero() {
        postgres
    } else {
        postgres.with_statement_timeout(statement.max(timeout.attempt))
    }
}

/// The state of the connection.
#[derive(Debug, Default)]
pub(crate) struct State(RwLock<Phase>);

#[derive(Debug, Default)]
enum Phase {
    #[default]
    New,
    /// Open, but its schema is not checked yet: only a close may use it.
    Opening(Connection),
    Connected(Connection),
    Closed,
}

impl State {
    #[cfg(feature = "in-memory")]
    pub(crate) fn connected(connection: Connection) -> Self {
        Self(RwLock::new(Phase::Connected(connection)))
    }

    pub(crate) fn set(&self, connection: Connection) {
        *self.phase() = Phase::Connected(connection);
    }

    /// Holds a connection whose schema is not checked yet. If the result is dropped without
    /// [`admit`](Opening::admit), the previous state is restored.
    pub(crate) fn opening(&self, connection: Connection) -> Opening<'_> {
        let before = mem::replace(&mut *self.phase(), Phase::Opening(connection));
        Opening {
            state: self,
            before: Some(before),
        }
    }

    fn phase(&self) -> RwLockWriteGuard<'_, Phase> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connection(&self) -> Result<Connection, DatabaseError> {
        match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Phase::New | Phase::Opening(_) => Err(DatabaseError::NotConnected),
            Phase::Connected(connection) => Ok(connection.clone()),
            Phase::Closed => Err(DatabaseError::Closed),
        }
    }

    /// Enters the closed state; returns the connection that has to be closed, if there is one.
    pub(crate) fn close(&self) -> Option<Connection> {
        match mem::replace(&mut *self.phase(), Phase::Closed) {
            Phase::Opening(connection) | Phase::Connected(connection) => Some(connection),
            Phase::New | Phase::Closed => None,
        }
    }
}

/// A connection whose schema is not checked yet.
pub(crate) struct Opening<'s> {
    state: &'s State,
    /// The state to restore on drop.
    before: Option<Phase>,
}

impl Opening<'_> {
    /// Makes the connection available to all calls. Returns `false` if a close came first.
    pub(crate) fn admit(mut self) -> bool {
        let mut phase = self.state.phase();
        let admitted = matches!(*phase, Phase::Opening(_));
        if let Phase::Opening(connection) = &*phase {
            *phase = Phase::Connected(connection.clone());
        }
        self.before = None;
        admitted
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        let mut phase = self.state.phase();
        if matches!(*phase, Phase::Opening(_)) {
            *phase = before;
        }
    }
}
