use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use tasktrail_domain::InvalidValue;
use tokio_postgres::config::Host;

use super::hosts::hosts;

/// The location of a database, as configured.
#[derive(Clone)]
pub(super) enum Location {
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
    pub(super) fn driver(&self) -> Result<tokio_postgres::Config, InvalidValue> {
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
    // The driver's error quotes no values today. Do not rely on that: drop it.
    let refused = |_| {
        InvalidValue::new(
            "database URL",
            "a URL like postgres://user:password@host:5432/database",
            "something else (not shown, it may hold a password)",
        )
    };
    let config = tokio_postgres::Config::from_str(text.expose_secret()).map_err(refused)?;
    if config.get_hosts().is_empty() {
        return Err(InvalidValue::new(
            "database URL",
            "a URL that names a host",
            "none",
        ));
    }
    if exposes_password(&config) {
        return Err(InvalidValue::new(
            "database URL",
            "a URL with @, : and / in the password written as %40, %3A and %2F",
            "another one (not shown, it may hold a password)",
        ));
    }
    Ok(config)
}

/// The driver ends the password at the first `@`. If the password itself contains an `@`, the rest
/// ends up in the host or database name, which logs and errors show.
fn exposes_password(config: &tokio_postgres::Config) -> bool {
    let host = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
    config.get_hosts().iter().any(host)
        || config.get_dbname().is_some_and(|name| name.contains('@'))
}

/// Hosts, ports and database, without user and password: safe for logs.
pub(super) fn address(config: &tokio_postgres::Config) -> String {
    let hosts: Vec<_> = hosts(config).into_iter().map(|(name, _)| name).collect();
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!("{}/{database}", hosts.join(","))
}
