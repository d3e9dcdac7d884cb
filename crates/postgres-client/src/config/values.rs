//! The values of a configuration.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use tasktrail_domain::InvalidValue;

use super::{Pooler, PostgresConfig, StoreSchema};
use crate::tls::TlsMode;

impl PostgresConfig {
    /// The name of the store's schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.schema.name()
    }

    /// The store's schema, and whether the caller chose it.
    #[must_use]
    pub fn store_schema(&self) -> &StoreSchema {
        &self.schema
    }

    /// The maximum lag of standbys that serve stale reads; `None` if the primary serves all reads.
    #[must_use]
    pub fn standby_lag(&self) -> Option<Duration> {
        self.standby_lag
    }

    /// The server's `statement_timeout`; zero for no timeout.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// How long a write waits for a task that another transaction has locked.
    #[must_use]
    pub fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    /// Whether connections pass a pooler in transaction mode.
    #[must_use]
    pub fn pooler(&self) -> Pooler {
        self.pooler
    }

    /// How connections are encrypted.
    #[must_use]
    pub fn tls_mode(&self) -> TlsMode {
        self.tls
    }

    /// The maximum number of batches of saves in flight; 0 if saves are not batched.
    #[must_use]
    pub fn group_commit_writers(&self) -> u32 {
        self.group_commit_writers
    }

    /// Host, port and database, without user and password: safe for logs and errors.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the location includes a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        let driver = self.location.driver();
        driver.is_ok_and(|driver| driver.get_password().is_some())
    }

    /// The maximum number of connections, including the burst.
    #[must_use]
    pub(crate) fn hard_limit(&self) -> NonZeroU32 {
        self.max_connections.saturating_add(self.burst_connections)
    }

    /// The driver's configuration for this location.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the location cannot be parsed, which the constructors rule out.
    pub fn driver(&self) -> Result<tokio_postgres::Config, InvalidValue> {
        self.location.driver()
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("address", &self.address)
            .field("tls", &self.tls)
            .field("root_certificate", &self.root_certificate)
            .field("min_connections", &self.min_connections)
            .field("max_connections", &self.max_connections)
            .field("burst_connections", &self.burst_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("max_lifetime", &self.max_lifetime)
            .field("statement_timeout", &self.statement_timeout)
            .field("long_statement_timeout", &self.long_statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .field("application_name", &self.application_name)
            .field("leak_threshold", &self.leak_threshold)
            .field("standby_lag", &self.standby_lag)
            .field("group_commit_writers", &self.group_commit_writers)
            .field("schema", &self.schema.name())
            .field("pooler", &self.pooler)
            .finish_non_exhaustive()
    }
}
