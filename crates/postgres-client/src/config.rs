//! Where the server is, and how connections to it are opened, kept and used.

mod bounds;
mod location;
mod store_schema;
mod url;

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tasktrail_domain::InvalidValue;

use self::location::{Location, address};
pub use self::store_schema::{BENCH as BENCH_SCHEMA, StoreSchema, is_identifier};
use self::url::UrlParameters;
use crate::tls::TlsMode;

/// Where the database is, and how many connections to it are kept.
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
}

impl PostgresConfig {
    /// A database by its URL, `postgres://user:password@host:port/database`, or by the
    /// `key=value` form that `psql` takes.
    ///
    /// Of several hosts (`host1:port1,host2:port2`) the first that takes writes is found; the next one is
    /// tried when one has failed, or has been silent for 250 ms. In a URL `sslmode=` takes all [`TlsMode`]s, `sslrootcert=` a file and
    /// `schema=` the [schema of the store](Self::with_schema); in the `key=value` form `sslmode` is `disable`, `prefer` or `require`.
    ///
    /// Between 10 and 20 connections, 3 seconds to get or open one, 30 seconds for a statement.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the text is neither, or names no host. The text itself, which may hold
    /// a password, is never part of the error.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, InvalidValue> {
        let (url, parameters) = UrlParameters::taken_from(&url.into())?;
        let mut config = Self::at(Location::Text(url))?;
        config.root_certificate = parameters.root_certificate;
        if let Some(schema) = parameters.schema {
            config = config.with_schema(schema);
        }
        config.tls = match parameters.tls_mode {
            Some(mode) => mode,
            None => TlsMode::of_driver(config.driver()?.get_ssl_mode()),
        };
        Ok(config)
    }

    /// A database by its parts; without a password if the server asks for none.
    ///
    /// Connections and time limits as with [`from_url`](Self::from_url).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a part but the password is empty or one holds a NUL.
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
        })
    }

    /// How many connections are kept open at least, and opened at most. Defaults to 10 and 20.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if `max` is 0 or less than `min`.
    pub fn with_connections(mut self, min: u32, max: u32) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::new("maximum connections", "1 or more", max);
        self.max_connections = NonZeroU32::new(max).ok_or_else(refused)?;
        if min > max {
            let limit = format!("at most the maximum of {max}");
            return Err(InvalidValue::new("minimum connections", limit, min));
        }
        self.min_connections = min;
        Ok(self)
    }

    /// How many connections more may be opened while callers wait. Defaults to none.
    ///
    /// They are given back when the pool has done without them for 10 seconds.
    #[must_use]
    pub fn with_burst(mut self, connections: u32) -> Self {
        self.burst_connections = connections;
        self
    }

    /// What the server lists the connections as. Defaults to what the URL says, else "tasktrail".
    #[must_use]
    pub fn with_application_name(mut self, name: impl Into<String>) -> Self {
        self.application_name = Some(name.into());
        self
    }

    /// Whether connections are encrypted. Defaults to [`TlsMode::Prefer`].
    #[must_use]
    pub fn with_tls(mut self, mode: TlsMode) -> Self {
        self.tls = mode;
        self
    }

    /// The certificate authorities to trust, as a PEM file. Defaults to those of the system.
    #[must_use]
    pub fn with_root_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificate = Some(file.into());
        self
    }

    /// How long the opening of a connection may take, from the first packet to the first statement.
    /// Defaults to 3 seconds.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a call waits in the queue for a connection while all are in use. Defaults to 3
    /// seconds: less than what the facade allows an attempt, so that the reason is told.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// How long a connection above the minimum stays open when the pool can do without it. Defaults to
    /// 10 minutes.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How old a connection gets. Defaults to 30 minutes.
    ///
    /// Each ends up to a tenth earlier, so that those that were opened together do not end together.
    /// It is looked at when it is lent or comes back, so it never ends while it is in use.
    #[must_use]
    pub fn with_max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = lifetime;
        self
    }

    /// How long the server works on one statement before it gives up. Defaults to 30 seconds.
    ///
    /// Zero switches the limit off. Migrations have no limit.
    #[must_use]
    pub fn with_statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// How long the server works on a statement of an operation whose cost grows with the history: `count`,
    /// `expired` and `remove_expired`. Defaults to 60 seconds, and is never less than the
    /// [limit of the others](Self::with_statement_timeout).
    ///
    /// Zero switches the limit off.
    #[must_use]
    pub fn with_long_statement_timeout(mut self, timeout: Duration) -> Self {
        self.long_statement_timeout = timeout;
        self
    }

    /// How long a save, a batch or a finish waits for a task that another transaction keeps locked, from 1 ms
    /// to 1 hour. Defaults to 3 seconds: less than what the facade allows an attempt, so that the reason is
    /// reported.
    ///
    /// The time counts from the beginning of the call. A call that is late because it waited for a
    /// connection still waits for a quarter of it. Calls inside a transaction of the caller wait as
    /// the session's own `lock_timeout` says.
    #[must_use]
    pub fn with_lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// How long an operation may hold a connection before it is reported as a leak, with its name, as a
    /// warning in the log. Defaults to 60 seconds; zero switches the report off.
    #[must_use]
    pub fn with_leak_threshold(mut self, threshold: Duration) -> Self {
        self.leak_threshold = threshold;
        self
    }

    /// Lets reads that may be stale go to the standbys among the hosts, to those that lag no more than
    /// `lag` behind. Defaults to no such reads.
    ///
    /// See [`PostgresDatabase::stale_task_history`](crate::PostgresDatabase::stale_task_history).
    #[must_use]
    pub fn with_standby_reads(mut self, lag: Duration) -> Self {
        self.standby_lag = Some(lag);
        self
    }

    /// How many statements with the saves of several callers may be under way at once; 0 to send every save
    /// by itself. Defaults to 2.
    ///
    /// A save that finds no other under way goes at once. Those that arrive meanwhile share the next
    /// statement; each caller is answered for itself. Status checks do the same among themselves, in two
    /// statements at once, unless this is 0. See `docs/PERFORMANCE.md`.
    #[must_use]
    pub fn with_group_commit(mut self, writers: u32) -> Self {
        self.group_commit_writers = writers;
        self
    }

    /// The schema of the store: 1 to 63 bytes, as it is written, also in capitals. Defaults to `public`.
    ///
    /// Every session works in this schema alone: the search path of the role, the database or the URL
    /// has no effect. Migrating creates the schema if it is missing. Several stores share a database, each
    /// in its own schema.
    ///
    /// Without this call, a store that exists in another schema but not in `public`, or that the search path
    /// finds first, makes migrating fail with [`OtherStore`](crate::MigrateError::OtherStore), so that no
    /// second store is begun by accident.
    #[must_use]
    pub fn with_schema(mut self, name: impl Into<String>) -> Self {
        self.schema = StoreSchema::Named(name.into());
        self
    }

    /// Works in the schema of a [`BenchSchema`](crate::BenchSchema), and sees no other table.
    #[must_use]
    pub fn in_bench_schema(mut self) -> Self {
        self.schema = StoreSchema::Bench;
        self
    }

    /// The schema of the store.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.schema.name()
    }

    /// The schema of the store, and whether the caller chose it.
    #[must_use]
    pub fn store_schema(&self) -> &StoreSchema {
        &self.schema
    }

    /// How far a standby may lag behind to answer reads; `None` if all reads ask the primary.
    #[must_use]
    pub fn standby_lag(&self) -> Option<Duration> {
        self.standby_lag
    }

    /// How long the server works on one statement before it gives up; zero for no limit.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// How long a write waits for a task that another transaction keeps locked.
    #[must_use]
    pub fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn tls_mode(&self) -> TlsMode {
        self.tls
    }

    /// How many statements with saves may be under way at once; 0 if every save goes by itself.
    #[must_use]
    pub fn group_commit_writers(&self) -> u32 {
        self.group_commit_writers
    }

    /// Host, port and database, fit for logs and errors: no user, no password.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether a password is given.
    #[must_use]
    pub fn has_password(&self) -> bool {
        let driver = self.location.driver();
        driver.is_ok_and(|driver| driver.get_password().is_some())
    }

    /// How many connections there may be in all.
    #[must_use]
    pub fn hard_limit(&self) -> NonZeroU32 {
        self.max_connections.saturating_add(self.burst_connections)
    }

    /// The driver's configuration. Where it is was checked when it was taken.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the location cannot be parsed, which was checked before.
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
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
