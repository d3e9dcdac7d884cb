use std::env;

use secrecy::SecretString;
use tasktrail_domain::InvalidValue;
use tasktrail_postgres::PostgresConfig;
use tasktrail_resilience::ResilienceConfig;

/// Where the database is, and how many connections to it are kept.
///
/// Between 10 and 20 connections unless said otherwise. `Debug` shows neither user nor password.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    postgres: PostgresConfig,
    resilience: ResilienceConfig,
}

impl From<PostgresConfig> for DatabaseConfig {
    fn from(postgres: PostgresConfig) -> Self {
        Self {
            postgres,
            resilience: ResilienceConfig::default(),
        }
    }
}

/// The environment does not say where the database is, or says it wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Nothing says where the database is.
    #[error(
        "no database is named: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER \
         (and DB_PORT and DB_PASSWORD if need be)"
    )]
    Missing,
    /// Only a part of what is needed is set.
    #[error("{0} is not set, though other DB_ variables are")]
    Incomplete(&'static str),
    /// A variable does not hold what it should.
    #[error("{variable} is not right")]
    Invalid {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        source: InvalidValue,
    },
}

impl DatabaseConfig {
    /// A database by its URL, `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is not such a URL; the error does not show it.
    pub fn from_url(url: impl Into<SecretString>) -> Result<Self, InvalidValue> {
        PostgresConfig::from_url(url).map(Self::from)
    }

    /// The database that the environment names: `DATABASE_URL`, else `DB_HOST`, `DB_PORT` (5432),
    /// `DB_NAME`, `DB_USER` and `DB_PASSWORD` (none). `DB_MIN_CONNECTIONS` (10) and
    /// `DB_MAX_CONNECTIONS` (20) count either way. An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming the variable.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    /// Like [`from_env`](Self::from_env), from variables that `lookup` knows.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], naming the variable.
    pub fn from_variables(
        lookup: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let given = |name| lookup(name).filter(|value| !value.is_empty());
        let config = match given("DATABASE_URL") {
            Some(url) => Self::from_url(url).map_err(invalid("DATABASE_URL"))?,
            None => Self::from_parts(&given)?,
        };
        let count = |name: &'static str, default: u32| match given(name) {
            None => Ok(default),
            Some(text) => number(name, &text, "a number of connections"),
        };
        let min = count("DB_MIN_CONNECTIONS", 10)?;
        let max = count("DB_MAX_CONNECTIONS", 20.max(min))?;
        config
            .with_connections(min, max)
            .map_err(invalid("DB_MAX_CONNECTIONS"))
    }

    fn from_parts(given: &impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let Some(host) = given("DB_HOST") else {
            let partial = ["DB_NAME", "DB_USER", "DB_PASSWORD"]
                .map(given)
                .iter()
                .any(Option::is_some);
            return Err(if partial {
                ConfigError::Incomplete("DB_HOST")
            } else {
                ConfigError::Missing
            });
        };
        let needed = |name| given(name).ok_or(ConfigError::Incomplete(name));
        let port = given("DB_PORT").map_or(Ok(5432), |text| number("DB_PORT", &text, "a port"))?;
        let password = given("DB_PASSWORD").map(SecretString::from);
        PostgresConfig::from_parts(
            &host,
            port,
            &needed("DB_NAME")?,
            &needed("DB_USER")?,
            password.as_ref(),
        )
        .map(Self::from)
        .map_err(invalid("DB_HOST"))
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

    /// Host, port and database, fit for logs: no user, no password.
    #[must_use]
    pub fn address(&self) -> &str {
        self.postgres.address()
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

    pub(crate) fn parts(&self) -> (&PostgresConfig, &ResilienceConfig) {
        (&self.postgres, &self.resilience)
    }
}

fn invalid(variable: &'static str) -> impl FnOnce(InvalidValue) -> ConfigError {
    move |source| ConfigError::Invalid { variable, source }
}

fn number<N: std::str::FromStr>(
    variable: &'static str,
    text: &str,
    limit: &'static str,
) -> Result<N, ConfigError> {
    let refused = |_| invalid(variable)(InvalidValue::text(variable, limit, text));
    text.parse().map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<DatabaseConfig, ConfigError> {
        DatabaseConfig::from_variables(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_url_comes_before_the_parts() {
        let config = from(&[("DATABASE_URL", "postgres://a/b"), ("DB_HOST", "c")]).unwrap();

        assert_eq!(config.address(), "a:5432/b");
    }

    #[test]
    fn parts_make_a_database() {
        let config = from(&[
            ("DB_HOST", "h"),
            ("DB_PORT", "6543"),
            ("DB_NAME", "d"),
            ("DB_USER", "u"),
        ]);

        assert_eq!(config.unwrap().address(), "h:6543/d");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(from(&[]).unwrap_err(), ConfigError::Missing);
        assert_eq!(
            from(&[("DATABASE_URL", "")]).unwrap_err(),
            ConfigError::Missing
        );
        assert_eq!(
            from(&[("DB_USER", "u")]).unwrap_err(),
            ConfigError::Incomplete("DB_HOST")
        );
        assert_eq!(
            from(&[("DB_HOST", "h"), ("DB_USER", "u")]).unwrap_err(),
            ConfigError::Incomplete("DB_NAME")
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_variable() {
        let error = from(&[
            ("DATABASE_URL", "postgres://a/b"),
            ("DB_MAX_CONNECTIONS", "many"),
        ]);

        assert!(
            matches!(
                error,
                Err(ConfigError::Invalid {
                    variable: "DB_MAX_CONNECTIONS",
                    ..
                })
            ),
            "{error:?}"
        );
    }
}
