mod url;

use std::fmt;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tasktrail_domain::InvalidValue;

use self::url::TlsParameters;
use crate::connection::hosts;
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
    pub(crate) tls: TlsMode,
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) min_connections: u32,
    pub(crate) max_connections: NonZeroU32,
    pub(crate) connect_timeout: Duration,
    pub(crate) acquire_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) statement_timeout: Duration,
}

impl PostgresConfig {
    /// A database by its URL, `postgres://user:password@host:port/database`, or by the
    /// `key=value` form that `psql` takes.
    ///
    /// Several hosts (`host1:port1,host2:port2`) are tried in turn, each in its share of the time, for one
    /// that takes writes. In a URL `sslmode=` takes all [`TlsMode`]s and `sslrootcert=` a file; in the
    /// `key=value` form `sslmode` is `disable`, `prefer` or `require`.
    ///
    /// Between 10 and 20 connections, 3 seconds to get or open one, 30 seconds for a statement.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the text is neither, or names no host. The text itself, which may hold
    /// a password, is never part of the error.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, InvalidValue> {
        let (url, tls) = TlsParameters::taken_from(&url.into())?;
        let mut config = Self::at(Location::Text(url))?;
        config.root_certificate = tls.root_certificate;
        config.tls = match tls.mode {
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
            tls: TlsMode::default(),
            root_certificate: None,
            min_connections: 10,
            max_connections: NonZeroU32::MIN.saturating_add(19),
            connect_timeout: Duration::from_secs(3),
            acquire_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(10 * 60),
            max_lifetime: Duration::from_secs(30 * 60),
            statement_timeout: Duration::from_secs(30),
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

    /// How long a connection stays open unused. Defaults to 10 minutes.
    ///
    /// Where fewer than the minimum are left, new ones are opened.
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

    /// Host, port and database, fit for logs and errors: no user, no password.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The driver's configuration. Where it is was checked when it was taken.
    pub(crate) fn driver(&self) -> Result<tokio_postgres::Config, InvalidValue> {
        self.location.driver()
    }
}

/// Where a database is, in the words of whoever configured it.
#[derive(Clone)]
enum Location {
    Text(SecretString),
    Parts {
        host: String,
        port: u16,
        database: String,
        user: String,
        password: Option<SecretString>,
    },
}

impl Location {
    fn driver(&self) -> Result<tokio_postgres::Config, InvalidValue> {
        match self {
            Self::Text(text) => parse(text),
            Self::Parts {
                host,
                port,
                database,
                user,
                password,
            } => {
                let mut driver = tokio_postgres::Config::new();
                for host in host.split(',') {
                    driver.host(host);
                }
                driver.port(*port).dbname(database).user(user);
                password
                    .as_ref()
                    .map(|password| driver.password(password.expose_secret()));
                Ok(driver)
            }
        }
    }
}

fn parse(text: &SecretString) -> Result<tokio_postgres::Config, InvalidValue> {
    // The driver's error quotes no values, but a cautious reader need not rely on that.
    let refused = |_| {
        InvalidValue::new(
            "database URL",
            "like postgres://user:password@host:5432/database",
            "something else (not shown, it may hold a password)",
        )
    };
    let config = tokio_postgres::Config::from_str(text.expose_secret()).map_err(refused)?;
    if config.get_hosts().is_empty() {
        return Err(InvalidValue::new(
            "database URL",
            "one that names a host",
            "none",
        ));
    }
    Ok(config)
}

fn address(config: &tokio_postgres::Config) -> String {
    let hosts: Vec<_> = hosts(config).into_iter().map(|(name, _)| name).collect();
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!("{}/{database}", hosts.join(","))
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("address", &self.address)
            .field("tls", &self.tls)
            .field("root_certificate", &self.root_certificate)
            .field("min_connections", &self.min_connections)
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("max_lifetime", &self.max_lifetime)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_has_neither_user_nor_password() {
        let config = PostgresConfig::from_url("postgres://me:hush@a:1,b:2/tasks").unwrap();

        assert_eq!(config.address(), "a:1,b:2/tasks");
        assert!(!format!("{config:?}").contains("hush"));
    }

    #[test]
    fn a_wrong_url_is_refused_without_showing_it() {
        for url in [
            "mysql://me:hush@h/d",
            "postgres://me:hush@h:port/d",
            "user=me password=hush",
        ] {
            let error = PostgresConfig::from_url(url).unwrap_err();

            assert_eq!(error.field(), "database URL");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn parts_are_taken_as_they_are() {
        let password = SecretString::from(r"it's a \ 'secret'");
        let config =
            PostgresConfig::from_parts("h", 5433, "my db", "o'brien", Some(&password)).unwrap();
        let driver = config.driver().unwrap();

        assert_eq!(config.address(), "h:5433/my db");
        assert_eq!(driver.get_user(), Some("o'brien"));
        assert_eq!(
            driver.get_password(),
            Some(password.expose_secret().as_bytes())
        );
    }

    #[test]
    fn the_mode_of_tls_is_read_in_every_form() {
        for (text, mode) in [
            ("postgres://h/d", TlsMode::Prefer),
            ("postgres://h/d?sslmode=verify-ca", TlsMode::VerifyCa),
            ("host=h sslmode=disable", TlsMode::Disable),
            ("host=h\tsslmode = 'require'", TlsMode::Require),
        ] {
            assert_eq!(PostgresConfig::from_url(text).unwrap().tls, mode, "{text}");
        }
    }

    #[test]
    fn a_password_is_never_read_as_something_else() {
        let password = SecretString::from("a sslmode=hush host=elsewhere");
        let config = PostgresConfig::from_parts("h", 1, "d", "u", Some(&password)).unwrap();

        assert_eq!(config.address(), "h:1/d");
        assert_eq!(config.tls, TlsMode::Prefer);
        assert!(PostgresConfig::from_parts("", 1, "d", "u", None).is_err());
    }

    #[test]
    fn the_maximum_is_at_least_the_minimum_and_one() {
        let config = || PostgresConfig::from_url("postgres://h/d").unwrap();

        assert!(config().with_connections(0, 1).is_ok());
        assert_eq!(
            config().with_connections(5, 4).unwrap_err().to_string(),
            "minimum connections must be at most the maximum of 4, got 5"
        );
        assert!(config().with_connections(0, 0).is_err());
    }
}
