//! How a connection is opened, and what every connection is set to.

use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::Chain;
use tokio_postgres::NoTls;

use crate::config::PostgresConfig;

/// The settings of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session {
    /// Zero for no limit.
    pub(crate) statement_timeout: Duration,
}

/// Opens a connection within the configured time.
pub(crate) async fn open(
    config: &PostgresConfig,
    session: Session,
) -> Result<AsyncPgConnection, ConnectionError> {
    let mut driver = config
        .driver()
        .map_err(|error| ConnectionError::InvalidConnectionUrl(error.to_string()))?;
    driver.options(options(driver.get_options(), session));
    if driver.get_application_name().is_none() {
        driver.application_name("tasktrail");
    }
    // The driver's own limit bounds the TCP connect only; a server may also hang in the handshake.
    let limit = config.connect_timeout;
    let silent = |_| ConnectionError::BadConnection(format!("no answer within {limit:?}"));
    tokio::time::timeout(limit, establish(&driver))
        .await
        .map_err(silent)?
}

async fn establish(driver: &tokio_postgres::Config) -> Result<AsyncPgConnection, ConnectionError> {
    let (client, connection) = driver
        .connect(NoTls)
        .await
        .map_err(|error| refused(&error))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}

/// The server's own words where it has some: the driver's text alone says only "db error".
fn refused(error: &tokio_postgres::Error) -> ConnectionError {
    let words = match error.as_db_error() {
        Some(server) => server.to_string(),
        None => Chain(error).to_string(),
    };
    ConnectionError::BadConnection(words)
}

/// Every hot statement is made for one plan: index ranges, read in their order. These settings keep
/// the planner to it, whatever it knows or assumes about the tables: on an empty table, with old
/// statistics, or for the one user who has a million tasks where the average has ten. Where a plan
/// without a sort or a scan is impossible they change nothing but the estimated cost, so no `jit`.
const PLANNING: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
                        -c enable_bitmapscan=off -c enable_sort=off -c jit=off";

/// What the caller asked for comes last, and so wins.
fn options(given: Option<&str>, session: Session) -> String {
    format!(
        "{PLANNING} -c statement_timeout={} -c idle_in_transaction_session_timeout=60000 \
         -c TimeZone=UTC -c lc_messages=C {}",
        session.statement_timeout.as_millis(),
        given.unwrap_or_default(),
    )
}
