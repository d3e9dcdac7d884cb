mod assembly;
mod environment;
#[cfg(feature = "config-file")]
mod file;
mod layer;
mod location;
mod parse;
mod problem;
mod retention;
mod setting;
mod sources;
mod suggest;
mod url;

use std::time::Duration;

use secrecy::SecretString;
use tasktrail_domain::InvalidValue;
use tasktrail_postgres::PostgresConfig;
use tasktrail_resilience::ResilienceConfig;

use self::environment::Variables;
pub use self::problem::{ConfigError, ConfigProblem};
pub use self::sources::ConfigSources;
use crate::maintenance_policy::MaintenancePolicy;

/// The configuration of a database: its location, the connection pool, timeouts and retries.
///
/// Load it from the environment and a file, from a URL, or from several sources:
///
/// ```no_run
/// use tasktrail::{DatabaseConfig, TlsMode};
///
/// // From the environment, and the file that TASKTRAIL_CONFIG names.
/// let config = DatabaseConfig::load()?;
///
/// // From a URL and code.
/// let config = DatabaseConfig::from_url("postgres://app@db.example.org/tasks")?
///     .with_connections(2, 8)?
///     .with_postgres(|postgres| postgres.with_tls(TlsMode::VerifyFull));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `docs/CONFIGURATION.md` lists all settings with their defaults, units and ranges. Only the
/// location is required. By default the pool has 10 to 20 connections. `Debug` omits the user and
/// the password.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    postgres: PostgresConfig,
    resilience: ResilienceConfig,
    connect_wait: Duration,
    close_timeout: Duration,
    health_timeout: Duration,
    maintenance: Option<MaintenancePolicy>,
}

impl From<PostgresConfig> for DatabaseConfig {
    fn from(postgres: PostgresConfig) -> Self {
        Self {
            postgres,
            resilience: ResilienceConfig::default(),
            connect_wait: Duration::ZERO,
            close_timeout: Duration::from_secs(10),
            health_timeout: Duration::from_secs(2),
            maintenance: None,
        }
    }
}

impl DatabaseConfig {
    /// Loads the environment variables, and the file that `TASKTRAIL_CONFIG` names, if it is set.
    /// Variables take precedence over the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every problem, each with its variable or its line in the file.
    pub fn load() -> Result<Self, ConfigError> {
        Self::sources().environment().named_file().load()
    }

    /// Starts a configuration from sources of your choice.
    pub fn sources() -> ConfigSources {
        ConfigSources::default()
    }

    /// Creates a configuration from a URL: `postgres://user:password@host:port/database`. A Python
    /// driver in the scheme, as in `postgresql+asyncpg://`, is ignored.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the URL is not valid. The error does not contain the URL.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, InvalidValue> {
        PostgresConfig::from_url(url::without_driver(url.into())).map(Self::from)
    }

    /// Loads a file in TOML (`.toml`) or YAML (`.yaml`, `.yml`), and ignores the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every problem, each with its line.
    #[cfg(feature = "config-file")]
    pub fn from_file(path: impl Into<std::path::PathBuf>) -> Result<Self, ConfigError> {
        Self::sources().file(path).load()
    }

    /// Loads the environment variables: `TASKTRAIL_…`, then `DATABASE_URL`, then `DB_…`, then
    /// `POSTGRES_…`; the first that sets a value wins. An empty variable counts as not set. To read
    /// a file as well, use [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every problem, each with its variable.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::sources().environment().load()
    }

    /// Like [`from_env`](Self::from_env), with variables from `lookup`, which is called with the
    /// name of each known variable. Unknown variables are therefore not reported.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every problem, each with its variable.
    pub fn from_variables(
        lookup: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        ConfigSources::of(Variables::looked_up(lookup)).load()
    }

    /// Sets the minimum number of connections to keep open, and the maximum. Defaults to 10 and 20.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if `max` is 0 or less than `min`.
    pub fn with_connections(self, min: u32, max: u32) -> Result<Self, InvalidValue> {
        Ok(Self {
            postgres: self.postgres.with_connections(min, max)?,
            ..self
        })
    }

    /// Sets how long [`connect`](crate::DatabaseManager::connect) waits for a database that is out
    /// of reach: 0 (do not wait) to 1 hour. Defaults to 0.
    #[must_use]
    pub fn with_connect_wait(self, wait: Duration) -> Self {
        Self {
            connect_wait: wait,
            ..self
        }
    }

    /// Sets how long a close waits for calls in flight before it cancels them: 0 (do not wait) to
    /// 1 hour. Defaults to 10 seconds.
    #[must_use]
    pub fn with_close_timeout(self, timeout: Duration) -> Self {
        Self {
            close_timeout: timeout,
            ..self
        }
    }

    /// Sets the timeout of a health check: 10 milliseconds to 1 minute. Defaults to 2 seconds.
    #[must_use]
    pub fn with_health_timeout(self, timeout: Duration) -> Self {
        Self {
            health_timeout: timeout,
            ..self
        }
    }

    /// Sets the policy of
    /// [`maintenance_as_configured`](crate::DatabaseManager::maintenance_as_configured), in place
    /// of the settings `retention.…`. Defaults to `None`: nothing is removed.
    #[must_use]
    pub fn with_maintenance(self, policy: impl Into<Option<MaintenancePolicy>>) -> Self {
        Self {
            maintenance: policy.into(),
            ..self
        }
    }

    /// Changes the settings of the PostgreSQL connections, such as TLS and timeouts. It works with
    /// every way to create a configuration.
    #[must_use]
    pub fn with_postgres(self, change: impl FnOnce(PostgresConfig) -> PostgresConfig) -> Self {
        Self {
            postgres: change(self.postgres),
            ..self
        }
    }

    /// Sets the retries, the circuit breaker and the timeouts of attempts. All are on by default;
    /// see [`ResilienceConfig`].
    #[must_use]
    pub fn with_resilience(self, resilience: ResilienceConfig) -> Self {
        Self { resilience, ..self }
    }

    /// Returns host, port and database, without user and password: safe for logs.
    #[must_use]
    pub fn address(&self) -> &str {
        self.postgres.address()
    }

    /// Checks the ranges of settings that were set in code. Loaded settings have been checked.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every setting that is out of range. The source of each is `code`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let problems: Vec<_> = self
            .out_of_range()
            .iter()
            .map(|error| ConfigProblem::of(error, Some("code".to_owned()), None))
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(ConfigError::of(problems))
    }

    /// Every setting that is out of range.
    fn out_of_range(&self) -> Vec<InvalidValue> {
        const HOUR: Duration = Duration::from_secs(60 * 60);
        const MINUTE: Duration = Duration::from_secs(60);
        let mut found = self.postgres.problems();
        found.extend(self.resilience.problems());
        for (name, value, least, greatest) in [
            ("connect_wait", self.connect_wait, Duration::ZERO, HOUR),
            ("close_timeout", self.close_timeout, Duration::ZERO, HOUR),
            (
                "health_timeout",
                self.health_timeout,
                Duration::from_millis(10),
                MINUTE,
            ),
        ] {
            found.extend(InvalidValue::outside(name, value, least, greatest));
        }
        found
    }

    pub(crate) fn parts(&self) -> (&PostgresConfig, &ResilienceConfig) {
        (&self.postgres, &self.resilience)
    }

    pub(crate) fn connect_wait(&self) -> Duration {
        self.connect_wait
    }

    pub(crate) fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// Returns the schema of the store. Defaults to `public`.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.postgres.schema()
    }

    /// Returns the time after which the server cancels a statement; zero is no limit.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        self.postgres.statement_timeout()
    }

    /// Returns the policy of scheduled maintenance. `None` unless a setting `retention.…` or
    /// [`with_maintenance`](Self::with_maintenance) sets one.
    #[must_use]
    pub fn maintenance(&self) -> Option<&MaintenancePolicy> {
        self.maintenance.as_ref()
    }

    /// Returns the timeout of a health check.
    #[must_use]
    pub fn health_timeout(&self) -> Duration {
        self.health_timeout
    }
}
