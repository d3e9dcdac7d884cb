//! The location of the server, and how connections to it are opened, pooled and used.

mod bounds;
mod hosts;
mod location;
mod pooler;
mod store_schema;
mod url;
mod values;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tasktrail_domain::InvalidValue;

pub(crate) use self::hosts::hosts;
use self::location::{Location, address};
pub use self::pooler::Pooler;
pub use self::store_schema::{BENCH as BENCH_SCHEMA, StoreSchema, is_identifier};
use self::url::UrlParameters;
use crate::tls::TlsMode;

/// Configures the location of the database, the connection pool and the timeouts.
///
/// ```
/// use tasktrail_postgres::PostgresConfig;
///
/// let config = PostgresConfig::from_url("postgres://app@db.example.org/tasks")?
///     .with_connections(2, 8)?;
/// # Ok::<(), tasktrail_domain::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct PostgresConfig {
    location: Location,
    pub(crate) address: String,
    pub(crate) application_name: Option<String>,
    pub(crate) tls: TlsMode,
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) min_connections: u32,
    pub(crate) max_connections: NonZeroU32,
    pub(crate) burst_connections: u32,
    pub(crate) connect_timeout: Duration,
    pub(crate) acquire_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) statement_timeout: Duration,
    pub(crate) long_statement_timeout: Duration,
    pub(crate) lock_timeout: Duration,
    pub(crate) leak_threshold: Duration,
    pub(crate) standby_lag: Option<Duration>,
    pub(crate) group_commit_writers: u32,
    pub(crate) schema: StoreSchema,
    pub(crate) pooler: Pooler,
}

impl PostgresConfig {
    /// Creates a configuration from a URL, `postgres://user:password@host:port/database`, or from a
    /// libpq `key=value` string.
    ///
    /// With several hosts (`host1:port1,host2:port2`), connections go to the first one that accepts
    /// writes. The next host is tried when one fails, or does not answer within 250 ms.
    ///
    /// A URL accepts every [`TlsMode`] as `sslmode=`, a file as `sslrootcert=`, the [schema of the
    /// store](Self::with_schema) as `schema=`, and a [`Pooler`] as `pooler=`. In a `key=value` string, `sslmode` is `disable`,
    /// `prefer` or `require`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the text cannot be parsed or names no host. The error never contains the
    /// text, which may hold a password.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, InvalidValue> {
        let (url, parameters) = UrlParameters::extract_from(&url.into())?;
        let mut config = Self::at(Location::Text(url))?;
        config.root_certificate = parameters.root_certificate;
        if let Some(schema) = parameters.schema {
            config = config.with_schema(schema);
        }
        config.pooler = parameters.pooler.unwrap_or_default();
        config.tls = match parameters.tls_mode {
            Some(mode) => mode,
            None => TlsMode::of_driver(config.driver()?.get_ssl_mode()),
        };
        Ok(config)
    }

    /// Creates a configuration from separate values. Omit the password if the server needs none.
    ///
    /// Other settings have the same defaults as with [`from_url`](Self::from_url).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the host, database or user is empty or contains a NUL character.
    pub fn from_parts(
        host: &str,
        port: u16,
        database: &str,
        user: &str,
        password: Option<&SecretString>,
    ) -> Result<Self, InvalidValue> {
        for (field, part) in [("host", host), ("database", database), ("user", user)] {
            if part.is_empty() || part.contains('\0') {
                return Err(InvalidValue::text(
                    field,
                    "a text without NUL characters",
                    part,
                ));
            }
        }
        Self::at(Location::Parts {
            host: host.to_owned(),
            port,
            database: database.to_owned(),
            user: user.to_owned(),
            password: password.cloned(),
        })
    }

    fn at(location: Location) -> Result<Self, InvalidValue> {
        Ok(Self {
            address: address(&location.driver()?),
            location,
            application_name: None,
            tls: TlsMode::default(),
            root_certificate: None,
            min_connections: 10,
            max_connections: NonZeroU32::MIN.saturating_add(19),
            burst_connections: 0,
            connect_timeout: Duration::from_secs(3),
            acquire_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(10 * 60),
            max_lifetime: Duration::from_secs(30 * 60),
            statement_timeout: Duration::from_secs(30),
            long_statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(3),
            leak_threshold: Duration::from_secs(60),
            standby_lag: None,
            group_commit_writers: 2,
            schema: StoreSchema::default(),
            pooler: Pooler::default(),
        })
    }

    /// Sets the number of connections to keep open, and the maximum. Defaults to 10 and 20.
    ///
    /// The maximum ranges from 1 to 10,000.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if `max` is 0 or less than `min`.
    pub fn with_connections(mut self, min: u32, max: u32) -> Result<Self, InvalidValue> {
        let invalid = || InvalidValue::new("maximum connections", "1 or more", max);
        self.max_connections = NonZeroU32::new(max).ok_or_else(invalid)?;
        if min > max {
            let limit = format!("at most the maximum of {max}");
            return Err(InvalidValue::new("minimum connections", limit, min));
        }
        self.min_connections = min;
        Ok(self)
    }

    /// Sets how many connections above the maximum may be opened while calls wait for one. Defaults
    /// to 0; at most 10,000. They are closed after the pool has not needed them for 10 seconds.
    #[must_use]
    pub fn with_burst(mut self, connections: u32) -> Self {
        self.burst_connections = connections;
        self
    }

    /// Sets the `application_name` of the sessions: 1 to 63 printable ASCII characters. Defaults to
    /// the name in the URL, or "tasktrail".
    #[must_use]
    pub fn with_application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// Sets how connections are encrypted. Defaults to [`TlsMode::Prefer`].
    #[must_use]
    pub fn with_tls(mut self, mode: TlsMode) -> Self {
        self.tls = mode;
        self
    }

    /// Sets a PEM file of trusted certificate authorities. Defaults to those of the system.
    #[must_use]
    pub fn with_root_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificate = Some(file.into());
        self
    }

    /// Sets the timeout for opening a connection to a host, including TLS, authentication and
    /// session setup. Defaults to 3 seconds; from 1 ms to 1 hour.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long a call waits in the queue while all connections are in use. Defaults to 3
    /// seconds; from 1 ms to 1 hour. Keep it below the facade's attempt timeout (4 seconds by
    /// default), so that the error reports the full pool as the cause.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets how long connections above the minimum stay open when the pool does not need them.
    /// Defaults to 10 minutes; from 1 second to 1 day.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the maximum age of a connection. Defaults to 30 minutes; from 1 second to 7 days.
    ///
    /// Each connection expires up to 10% earlier, so that those opened together do not expire
    /// together. The age is checked at checkout and return, so a call never loses its connection.
    #[must_use]
    pub fn with_max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = lifetime;
        self
    }

    /// Sets the server's `statement_timeout`. Defaults to 30 seconds; from 1 ms to 1 day, or zero
    /// for no timeout. Migrations have no timeout.
    #[must_use]
    pub fn with_statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Sets the `statement_timeout` of operations whose cost grows with the history: `list_all`,
    /// `count`, `expired` and `remove_expired`. Defaults to 60 seconds; zero for no timeout. The
    /// [general timeout](Self::with_statement_timeout) applies instead if it is longer.
    #[must_use]
    pub fn with_long_statement_timeout(mut self, timeout: Duration) -> Self {
        self.long_statement_timeout = timeout;
        self
    }

    /// Sets how long a save, a batch or a finish waits for a task that another transaction has
    /// locked. Defaults to 3 seconds; from 1 ms to 1 hour. Keep it below the facade's attempt
    /// timeout, so that the error reports the lock as the cause.
    ///
    /// The time is measured from the start of the call. A call that spent it waiting for a
    /// connection still waits a quarter of it. In a caller's transaction, the session's
    /// `lock_timeout` applies.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Sets how long an operation may hold a connection before the pool logs a warning with its
    /// name. Defaults to 60 seconds; from 1 second to 1 day, or zero for no warnings.
    #[must_use]
    pub fn with_leak_threshold(mut self, threshold: Duration) -> Self {
        self.leak_threshold = threshold;
        self
    }

    /// Lets stale reads use standbys that are at most `lag` behind, from 1 second to 1 hour. By
    /// default all reads use the primary. See `PostgresDatabase::stale_task_history`.
    #[must_use]
    pub fn with_standby_reads(mut self, lag: Duration) -> Self {
        self.standby_lag = Some(lag);
        self
    }

    /// Sets how many batches of saves may be in flight at once, from 0 to 64. Defaults to 2; 0
    /// sends every save in its own statement.
    ///
    /// A save is sent immediately if no other save is in flight. Saves that arrive while others are
    /// in flight are combined into the next statement, and each caller gets its own result. Status
    /// checks are batched in the same way, with two statements at once, unless this is 0. See
    /// `docs/PERFORMANCE.md`.
    #[must_use]
    pub fn with_group_commit(mut self, writers: u32) -> Self {
        self.group_commit_writers = writers;
        self
    }

    /// Sets the schema of the store: 1 to 63 bytes, case-sensitive. Defaults to `public`.
    ///
    /// Sessions use only this schema; the search path of the role, the database or the URL has no
    /// effect. A migration creates it if it is missing. Stores can share a database, one per
    /// schema.
    ///
    /// Without this call, a migration fails with `MigrateError::OtherStore` if a store exists in
    /// another schema but not in `public`, or if the search path finds another store first. This
    /// prevents creating a second store by accident.
    #[must_use]
    pub fn with_schema(mut self, name: impl Into<String>) -> Self {
        self.schema = StoreSchema::Named(name.into());
        self
    }

    /// Sets whether connections pass a pooler in transaction mode, such as PgBouncer with `pool_mode
    /// = transaction`. Defaults to [`Pooler::None`], which is also right for a pooler in session
    /// mode.
    ///
    /// With [`Pooler::Transaction`], opening a connection fails if the role lacks a setting of the
    /// sessions, or if the pooler does not track prepared statements. Without it, opening a
    /// connection fails if such a pooler is detected.
    #[must_use]
    pub fn with_pooler(mut self, pooler: Pooler) -> Self {
        self.pooler = pooler;
        self
    }

    /// Uses the schema of a `BenchSchema`, and no other.
    #[must_use]
    pub fn in_bench_schema(mut self) -> Self {
        self.schema = StoreSchema::Bench;
        self
    }
}

#[cfg(test)]
mod tests;
