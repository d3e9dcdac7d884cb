//! How a connection is opened, and what every connection is set to.

mod hosts;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tasktrail_domain::repository::ErrorChain;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres_rustls::MakeRustlsConnect;

pub use self::hosts::hosts;
use crate::config::PostgresConfig;
use crate::tls::{Tls, TlsError};

/// How long a host may be silent before the next one is tried as well. RFC 8305 has 250 ms for the
/// addresses of one name.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long sent bytes may stay unconfirmed before the system gives a connection up.
const UNCONFIRMED: Duration = Duration::from_secs(5);

/// How long a peer may be silent before the system asks whether it is still there.
const SILENCE: Duration = Duration::from_secs(10);

/// The driver's default: too long for anybody to wait for an answer that never comes.
const SYSTEM_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// The settings of a session.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// Zero for no limit.
    pub statement_timeout: Duration,
}

/// Opens connections to a database. Clones share everything.
#[derive(Debug, Clone)]
pub struct Connector {
    config: Arc<PostgresConfig>,
    tls: Tls,
    /// The number of the only host to try; `None` for any that takes writes.
    only: Option<usize>,
}

impl Connector {
    /// A connector for this configuration. Opens no connection.
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

    /// The names of the hosts, and a connector to each by itself, whether it takes writes or not.
    /// Pools of theirs keep no minimum.
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

    /// What encrypts a connection, as the driver takes it.
    #[must_use]
    pub fn tls(&self) -> MakeRustlsConnect {
        self.tls.connector()
    }

    /// Opens a connection to the first host that takes writes.
    ///
    /// Each is tried when the one before it has failed or has been silent for a while, which is then
    /// not given up: a frozen host costs the others little, and a slow one may still win.
    ///
    /// # Errors
    ///
    /// [`ConnectionError`] with the error of every host.
    pub async fn open(&self, session: Session) -> Result<AsyncPgConnection, ConnectionError> {
        let driver = self.driver(session)?;
        let mut hosts = hosts(&driver)
            .into_iter()
            .enumerate()
            .filter(|(number, _)| self.only.is_none_or(|only| only == *number))
            .map(|(_, host)| host)
            .peekable();
        let (mut attempts, mut refusals) = (FuturesUnordered::new(), Vec::new());
        loop {
            if let Some((name, host)) = hosts.next() {
                attempts.push(self.open_host(name, host));
            }
            tokio::select! {
                biased;
                attempt = attempts.next() => match attempt {
                    Some(Ok(connection)) => return Ok(connection),
                    Some(Err(refusal)) => refusals.push(refusal),
                    None => return Err(refused(&refusals)),
                },
                () = tokio::time::sleep(HEAD_START), if hosts.peek().is_some() => {}
            }
        }
    }

    /// Opens a connection outside of the pool: a full pool must not hide the server from those who ask
    /// about it, and what a person waits for may take longer than a statement of a service. No limit
    /// if `statement_timeout` is zero.
    ///
    /// # Errors
    ///
    /// The error of every host.
    pub async fn open_alone(
        &self,
        statement_timeout: Duration,
    ) -> Result<AsyncPgConnection, Box<dyn Error + Send + Sync>> {
        let session = Session { statement_timeout };
        Ok(self.open(session).await?)
    }

    /// One timeout around all of it: the driver's own bounds the TCP connect only, and a server may
    /// also hang in the handshake.
    async fn open_host(
        &self,
        name: String,
        host: tokio_postgres::Config,
    ) -> Result<AsyncPgConnection, Refusal> {
        let limit = self.config.connect_timeout;
        let words = match tokio::time::timeout(limit, self.handshake(&host)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(words)) => words,
            Err(_elapsed) => format!("no answer within {limit:?}"),
        };
        Err(Refusal { host: name, words })
    }

    async fn handshake(&self, host: &tokio_postgres::Config) -> Result<AsyncPgConnection, String> {
        let connecting = host.connect(self.tls()).await;
        let (client, connection) = connecting.map_err(|error| words(&error))?;
        let connection =
            AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        let mut connection = connection.map_err(|error| error.to_string())?;
        // Not among the options of the start, which a pooler in between may leave out or refuse.
        let schema = self.config.schema.quoted();
        let settings = format!("SET search_path TO {schema}; {UNTRANSLATED}");
        let set = connection.batch_execute(&settings).await;
        set.map_err(|error| error.to_string())?;
        Ok(connection)
    }

    fn driver(&self, session: Session) -> Result<tokio_postgres::Config, ConnectionError> {
        let invalid = |error: tasktrail_domain::InvalidValue| {
            ConnectionError::InvalidConnectionUrl(error.to_string())
        };
        let mut driver = self.config.driver().map_err(invalid)?;
        driver.options(options(driver.get_options(), session));
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

/// Why a host gave no connection.
struct Refusal {
    host: String,
    words: String,
}

fn refused(refusals: &[Refusal]) -> ConnectionError {
    ConnectionError::BadConnection(match refusals {
        [Refusal { words, .. }] => words.clone(),
        several => {
            let each = several.iter();
            let each = each.map(|Refusal { host, words }| format!("{host}: {words}"));
            each.collect::<Vec<_>>().join("; ")
        }
    })
}

/// The server's own words where it has some: the driver's text alone says only "db error".
fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(server) => server.to_string(),
        None => ErrorChain(error).to_string(),
    }
}

/// Every hot statement is made for one plan: index ranges, read in their order. These settings keep
/// the planner to it, whatever it knows or assumes about the tables: on an empty table, with old
/// statistics, or for the one user who has a million tasks where the average has ten. Where a plan
/// without a sort or a scan is impossible they change nothing but the estimated cost, so no `jit`.
/// `enable_sort` alone leaves incremental sorts on, which read all tasks of a user to sort them.
const PLANNING: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
                        -c enable_bitmapscan=off -c enable_sort=off \
                        -c enable_incremental_sort=off -c jit=off";

/// Undoes [`PLANNING`] for statements that read whole tables.
pub const PLANNING_FOR_MANY_ROWS: &str = "SET plan_cache_mode = auto; SET enable_seqscan = on; SET enable_bitmapscan = on; \
     SET enable_sort = on; SET enable_incremental_sort = on";

/// As the server takes it: rounded up, since 0 would mean no limit, and at most what it can hold.
#[must_use]
pub fn milliseconds(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// Errors are told apart by the server's words, so it should use the untranslated ones. Only a
/// superuser may ask for that; for other roles it is a setting of the server or the database.
const UNTRANSLATED: &str = "SELECT set_config('lc_messages', 'C', false)
                            WHERE current_setting('is_superuser') = 'on'";

/// What the caller asked for comes last, and so wins.
fn options(given: Option<&str>, session: Session) -> String {
    format!(
        "{PLANNING} -c statement_timeout={} -c idle_in_transaction_session_timeout=60000 \
         -c TimeZone=UTC -c default_transaction_isolation=read\\ committed {}",
        milliseconds(session.statement_timeout),
        given.unwrap_or_default(),
    )
}
