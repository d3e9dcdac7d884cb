mod assembly;
mod environment;
#[cfg(feature = "config-file")]
mod file;
mod layer;
mod location;
mod problem;
mod reading;
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

/// Where the database is, how many connections to it are kept, and what is done about failures.
///
/// It comes from code, from a URL, from the environment, from a file, or from all of these:
///
/// ```no_run
/// use tasktrail::{DatabaseConfig, TlsMode};
///
/// // What the operator says: the file that TASKTRAIL_CONFIG names, and the environment over it.
/// let config = DatabaseConfig::load()?;
///
/// // Or in code.
/// let config = DatabaseConfig::from_url("postgres://app@db.example.org/tasks")?
///     .with_connections(2, 8)?
///     .with_postgres(|postgres| postgres.with_tls(TlsMode::VerifyFull));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `docs/CONFIGURATION.md` has all settings with their defaults, units and ranges. Between 10 and 20
/// connections unless said otherwise. `Debug` shows neither user nor password.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    postgres: PostgresConfig,
    resilience: ResilienceConfig,
    close_timeout: Duration,
    health_timeout: Duration,
}

impl From<PostgresConfig> for DatabaseConfig {
    fn from(postgres: PostgresConfig) -> Self {
        Self {
            postgres,
            resilience: ResilienceConfig::default(),
            close_timeout: Duration::from_secs(10),
            health_timeout: Duration::from_secs(2),
        }
    }
}

impl DatabaseConfig {
    /// What the environment says, and, where it is silent, the file that `TASKTRAIL_CONFIG` names, if
    /// it names one.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every fault, each with the variable or the line of the file.
    pub fn load() -> Result<Self, ConfigError> {
        Self::sources().environment().named_file().load()
    }

    /// A configuration from several sources, of the caller's choice.
    pub fn sources() -> ConfigSources {
        ConfigSources::default()
    }

    /// A database by its URL, `postgres://user:password@host:port/database`. A driver of another
    /// language in it, as in `postgresql+asyncpg://`, does not matter.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is not such a URL; the error does not show it.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, InvalidValue> {
        PostgresConfig::from_url(url::without_driver(url.into())).map(Self::from)
    }

    /// What a file says, in TOML (`.toml`) or YAML (`.yaml`, `.yml`), whatever the environment says.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every fault, each with its line.
    #[cfg(feature = "config-file")]
    pub fn from_file(path: impl Into<std::path::PathBuf>) -> Result<Self, ConfigError> {
        Self::sources().file(path).load()
    }

    /// What the environment alone says: `TASKTRAIL_…`, then `DATABASE_URL`, then `DB_…`, then
    /// `POSTGRES_…`. An empty variable counts as not set. Files are not read, see
    /// [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every fault, each with its variable.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::sources().environment().load()
    }

    /// Like [`from_env`](Self::from_env), from variables that `lookup` knows. That it knows others,
    /// which mean nothing, nobody learns.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every fault, each with its variable.
    pub fn from_variables(
        lookup: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        ConfigSources::of(Variables::looked_up(lookup)).load()
    }

    /// How many connections are kept open at least, and opened at most. Defaults to 10 and 20.
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

    /// How long closing waits for calls that are under way before it ends their connections. Defaults
    /// to 10 seconds; from 0, which does not wait, to 1 hour.
    #[must_use]
    pub fn with_close_timeout(self, timeout: Duration) -> Self {
        Self {
            close_timeout: timeout,
            ..self
        }
    }

    /// How long a look at the database's health may take. Defaults to 2 seconds; from 10 milliseconds
    /// to 1 minute.
    #[must_use]
    pub fn with_health_timeout(self, timeout: Duration) -> Self {
        Self {
            health_timeout: timeout,
            ..self
        }
    }

    /// Changes the settings of the connections, such as TLS and time limits, wherever the database
    /// was named.
    #[must_use]
    pub fn with_postgres(self, change: impl FnOnce(PostgresConfig) -> PostgresConfig) -> Self {
        Self {
            postgres: change(self.postgres),
            ..self
        }
    }

    /// What is done about failures: which calls are retried and how often, when calls are refused, how
    /// long an attempt may take. Everything is on by default; see [`ResilienceConfig`].
    #[must_use]
    pub fn with_resilience(self, resilience: ResilienceConfig) -> Self {
        Self { resilience, ..self }
    }

    /// Host, port and database, fit for logs: no user, no password.
    #[must_use]
    pub fn address(&self) -> &str {
        self.postgres.address()
    }

    /// Checks the settings that were made in code. What was loaded has been checked.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with every setting that is out of its range; the source of each is `code`.
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

    /// Every setting that is out of its range.
    fn out_of_range(&self) -> Vec<InvalidValue> {
        const HOUR: Duration = Duration::from_secs(60 * 60);
        const MINUTE: Duration = Duration::from_secs(60);
        let mut found = self.postgres.problems();
        found.extend(self.resilience.problems());
        let (close, health) = (self.close_timeout, self.health_timeout);
        let least = Duration::from_millis(10);
        found.extend(InvalidValue::outside(
            "close_timeout",
            close,
            Duration::ZERO,
            HOUR,
        ));
        found.extend(InvalidValue::outside(
            "health_timeout",
            health,
            least,
            MINUTE,
        ));
        found
    }

    pub(crate) fn parts(&self) -> (&PostgresConfig, &ResilienceConfig) {
        (&self.postgres, &self.resilience)
    }

    pub(crate) fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// The schema of the store; `public` unless one is configured.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.postgres.schema()
    }

    /// How long the server works on one statement before it gives up; zero for no limit.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        self.postgres.statement_timeout()
    }

    /// How long a look at the health may take.
    #[must_use]
    pub fn health_timeout(&self) -> Duration {
        self.health_timeout
    }
}
