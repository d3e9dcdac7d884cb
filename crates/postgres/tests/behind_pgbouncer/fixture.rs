//! A database behind PgBouncer, with an owner role and a runtime role.

use std::time::Duration;

use tasktrail_postgres::{ConnectError, Pooler, PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_test_support::{PgBouncer, PoolMode, Server, TestDatabase};

/// The limits of the roles that `migrate roles --transaction-pooler` creates.
const OWNER_LIMIT: Duration = Duration::from_secs(3600);
const RUNTIME_LIMIT: Duration = Duration::from_secs(30);

/// Dropped in this order: PgBouncer closes its connections before the database is dropped.
pub(crate) struct Fixture {
    pub(crate) bouncer: PgBouncer,
    pub(crate) database: TestDatabase,
    mode: PoolMode,
}

impl Fixture {
    /// A database with its roles, but without tables. In transaction mode the roles have the
    /// settings of the sessions.
    pub(crate) fn new(mode: PoolMode, settings: &str) -> Self {
        let fixture = Self::without_roles(mode, settings);
        fixture.create_roles();
        fixture
    }

    pub(crate) fn without_roles(mode: PoolMode, settings: &str) -> Self {
        let database = TestDatabase::new();
        let roles = ["owner", "runtime"].map(|role| role_of(&database, role));
        let server = Server::shared().addr();
        let bouncer = PgBouncer::start(server, mode, &[&roles[0], &roles[1]], settings);
        Self {
            bouncer,
            database,
            mode,
        }
    }

    /// A store that the owner has migrated, through PgBouncer.
    pub(crate) async fn migrated(mode: PoolMode) -> Self {
        let fixture = Self::new(mode, "");
        let owner = fixture.owner().await;
        owner.migrate().await.unwrap();
        owner.close(Duration::ZERO).await;
        fixture.create_roles();
        fixture
    }

    pub(crate) async fn owner(&self) -> PostgresDatabase {
        let config = self.config("owner").with_statement_timeout(OWNER_LIMIT);
        self.connect(config).await.unwrap()
    }

    pub(crate) async fn runtime(&self) -> PostgresDatabase {
        self.connect(self.config("runtime")).await.unwrap()
    }

    /// Connects as it is right for the mode of PgBouncer.
    pub(crate) async fn connect(
        &self,
        config: PostgresConfig,
    ) -> Result<PostgresDatabase, ConnectError> {
        let pooler = match self.mode {
            PoolMode::Session => Pooler::None,
            PoolMode::Transaction => Pooler::Transaction,
        };
        PostgresDatabase::connect(config.with_pooler(pooler)).await
    }

    /// The configuration of a role, through PgBouncer, which is not declared.
    pub(crate) fn config(&self, role: &str) -> PostgresConfig {
        patient(&self.bouncer.url(&self.direct_url(role)))
    }

    /// The URL of a role, without PgBouncer.
    pub(crate) fn direct_url(&self, role: &str) -> String {
        let role = role_of(&self.database, role);
        self.database
            .url()
            .replace("postgres@", &format!("{role}@"))
    }

    fn create_roles(&self) {
        let [owner, runtime] = ["owner", "runtime"].map(|role| role_of(&self.database, role));
        let mut roles = DatabaseRoles::new(&owner, &runtime, "public").unwrap();
        if self.mode == PoolMode::Transaction {
            roles = roles.behind_transaction_pooler();
        }
        self.database.execute(&roles.sql()).unwrap();
    }
}

/// The tests check results, not latency, so a busy machine must not cause a failure.
pub(crate) fn patient(url: &str) -> PostgresConfig {
    PostgresConfig::from_url(url.to_owned())
        .and_then(|config| config.with_connections(1, 8))
        .unwrap()
        .with_statement_timeout(RUNTIME_LIMIT)
        .with_acquire_timeout(Duration::from_secs(60))
        .with_lock_timeout(Duration::from_secs(60))
        .with_connect_timeout(Duration::from_secs(60))
}

/// Roles belong to the whole server, so their names contain that of the database.
fn role_of(database: &TestDatabase, role: &str) -> String {
    format!("{role}_of_{}", database.name())
}
