//! Opens connections and configures their sessions.

mod pooler;
mod session;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tasktrail_domain::InvalidValue;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres_rustls::MakeRustlsConnect;

pub use self::session::{
    IDLE_IN_TRANSACTION, PLANNING_FOR_MANY_ROWS, milliseconds, session_settings,
};
use crate::config::{Pooler, PostgresConfig, hosts};
use crate::error::ConnectFailure;
use crate::tls::{Tls, TlsError};

/// How long to wait for a host before the next one is tried in parallel. RFC 8305 recommends 250 ms
/// for the addresses of a host.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long sent data may stay unacknowledged before the operating system closes the connection.
const UNCONFIRMED: Duration = Duration::from_secs(5);

/// Idle time before the operating system sends a keepalive probe.
const SILENCE: Duration = Duration::from_secs(10);

/// The driver's default. Too long: a call would wait two hours for a dead peer.
const SYSTEM_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// Settings of a session.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// The server's `statement_timeout`; zero for no timeout. Behind a pooler in transaction mode,
    /// the one of the role applies instead.
    pub statement_timeout: Duration,
}

/// Opens connections to a database. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Connector {
    config: Arc<PostgresConfig>,
    tls: Tls,
    /// The index of the only host to try; `None` for the first one that accepts writes.
    only: Option<usize>,
}

impl Connector {
    /// Creates a connector. Opens no connection.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the certificate authorities cannot be read.
    pub fn new(config: PostgresConfig) -> Result<Self, TlsError> {
        let tls = Tls::new(config.tls, config.root_certificate.as_deref())?;
        Ok(Self {
            config: Arc::new(config),
            tls,
            only: None,
        })
    }

    /// The name of each host, with a connector for this host only, whether it accepts writes or
    /// not. Their pools keep no minimum of connections.
    #[must_use]
    pub fn hosts(&self) -> Vec<(String, Self)> {
        let mut config = (*self.config).clone();
        config.min_connections = 0;
        let config = Arc::new(config);
        let driver = config.driver().unwrap_or_default();
        let names = hosts(&driver).into_iter().map(|(name, _)| name);
        names
            .enumerate()
            .map(|(number, name)| {
                let only = Self {
                    config: Arc::clone(&config),
                    tls: self.tls.clone(),
                    only: Some(number),
                };
                (name, only)
            })
            .collect()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &PostgresConfig {
        &self.config
    }

    /// The driver's TLS connector.
    #[must_use]
    pub fn tls(&self) -> MakeRustlsConnect {
        self.tls.connector()
    }

    /// Opens a connection to the first host that accepts writes.
    ///
    /// Tries the next host when one fails, or does not answer for 250 ms. An attempt that takes
    /// longer goes on and may still win, so a slow host can be used and a frozen one causes little
    /// delay.
    ///
    /// # Errors
    ///
    /// [`ConnectFailure`] with the errors of all hosts.
    pub async fn open(&self, session: Session) -> Result<AsyncPgConnection, ConnectFailure> {
        let driver = self.driver()?;
        let mut hosts = hosts(&driver)
            .into_iter()
            .enumerate()
            .filter(|(number, _)| self.only.is_none_or(|only| only == *number))
            .map(|(_, host)| host)
            .peekable();
        let (mut attempts, mut failures) = (FuturesUnordered::new(), Vec::new());
        loop {
            if let Some((name, host)) = hosts.next() {
                attempts.push(self.open_host(name, host, session));
            }
            tokio::select! {
                biased;
                attempt = attempts.next() => match attempt {
                    Some(Ok(connection)) => return Ok(connection),
                    Some(Err(failure)) => failures.push(failure),
                    None => return Err(ConnectFailure::of_hosts(&failures)),
                },
                () = tokio::time::sleep(HEAD_START), if hosts.peek().is_some() => {}
            }
        }
    }

    /// Opens a connection outside the pool, for diagnostics and for operator commands. It works
    /// even if the pool is full, and has its own `statement_timeout`; zero for no timeout.
    ///
    /// # Errors
    ///
    /// The errors of all hosts.
    pub async fn open_alone(
        &self,
        statement_timeout: Duration,
    ) -> Result<AsyncPgConnection, Box<dyn Error + Send + Sync>> {
        let session = Session { statement_timeout };
        Ok(self.open(session).await?)
    }

    /// Applies one timeout to the whole attempt. The driver's own timeout covers only the TCP
    /// connect, but a server may also hang in the handshake. A failure has the name of the host.
    async fn open_host(
        &self,
        name: String,
        host: tokio_postgres::Config,
        session: Session,
    ) -> Result<AsyncPgConnection, (String, ConnectFailure)> {
        let limit = self.config.connect_timeout;
        let opened = tokio::time::timeout(limit, self.handshake(&host, session)).await;
        opened
            .unwrap_or_else(|_elapsed| Err(ConnectFailure::timed_out(limit)))
            .map_err(|failure| (name, failure))
    }

    async fn handshake(
        &self,
        host: &tokio_postgres::Config,
        session: Session,
    ) -> Result<AsyncPgConnection, ConnectFailure> {
        let connecting = host.connect(self.tls()).await;
        let (client, connection) = connecting.map_err(|error| ConnectFailure::of_driver(&error))?;
        let connection =
            AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        let mut connection =
            connection.map_err(|error| pooler::explain_setup(&error, self.config.pooler))?;
        pooler::admit(&mut connection, &self.config).await?;
        if self.config.pooler == Pooler::None {
            let schema = self.config.schema.quoted();
            let options = host.get_options();
            let settings = session::configure(&schema, session.statement_timeout, options);
            let set = connection.batch_execute(&settings).await;
            set.map_err(|error| ConnectFailure::of_session(&error))?;
        }
        Ok(connection)
    }

    fn driver(&self) -> Result<tokio_postgres::Config, ConnectFailure> {
        let invalid = |error: InvalidValue| ConnectFailure::lasting(error.to_string());
        let mut driver = self.config.driver().map_err(invalid)?;
        if self.config.pooler == Pooler::Transaction && driver.get_options().is_some() {
            let refused = "the URL has `options`, which do not reach the sessions behind a pooler in \
                           transaction mode: set them for the role, or connect directly";
            return Err(ConnectFailure::lasting(refused.to_owned()));
        }
        driver.ssl_mode(self.tls.mode().driver());
        match &self.config.application_name {
            Some(name) => {
                driver.application_name(name);
            }
            None if driver.get_application_name().is_none() => {
                driver.application_name("tasktrail");
            }
            None => {}
        }
        if driver.get_tcp_user_timeout().is_none() {
            driver.tcp_user_timeout(UNCONFIRMED);
        }
        if driver.get_keepalives_idle() == SYSTEM_KEEPALIVE {
            driver
                .keepalives_idle(SILENCE)
                .keepalives_interval(SILENCE)
                .keepalives_retries(2);
        }
        if self.only.is_some() {
            driver.target_session_attrs(TargetSessionAttrs::Any);
            return Ok(driver);
        }
        let several = driver.get_hosts().len() > 1;
        if several && driver.get_target_session_attrs() == TargetSessionAttrs::Any {
            driver.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        Ok(driver)
    }
}
