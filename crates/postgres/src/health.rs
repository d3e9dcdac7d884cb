//! Health check of the server.

use std::time::Duration;

use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres_client::connection::Connector;
use tokio::time::{Instant, timeout};

use crate::entry_order::{self, EntryOrder};
use crate::migrate::{self, SchemaState};

/// The state of a server, as its health check found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerHealth {
    /// Its version, such as `15.14`.
    pub version: String,
    /// Whether it is a primary or a standby.
    pub role: ServerRole,
    /// Whether it accepts writes; a primary can be configured not to.
    pub writable: bool,
    /// Whether the role has the privileges that Tasktrail needs on those of its tables that exist.
    pub permitted: bool,
    /// Time of one round trip on an open connection.
    pub round_trip: Duration,
    /// The applied migrations, compared with those that this program expects.
    pub schema: SchemaState,
    /// The schema of the store, or the one in which a migration would create it.
    pub schema_name: String,
    /// Why `connect` and every migration refuse this database: its encoding, a table that does not
    /// belong to Tasktrail, or a store in another schema. `None` if they accept it.
    pub refusal: Option<String>,
    /// The order of the entry ids, by the sample that `connect` takes. `None` if the schema is not
    /// up to date, the role may not read the sequence, another session has locked a table, or a
    /// table does not exist.
    pub order: Option<EntryOrder>,
}

/// The role of a server in a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerRole {
    /// It accepts writes, unless it is configured not to.
    #[default]
    Primary,
    /// It replicates a primary.
    Standby,
}

impl ServerRole {
    /// Returns `primary` or `standby`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
        }
    }
}

/// Why a health check failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// The server did not respond in time.
    #[error("no answer within {0:?}")]
    Unresponsive(Duration),
    /// The role lacks a privilege that is necessary to read the schema.
    #[error("this role lacks a privilege: run the SQL that `tasktrail migrate roles` prints")]
    InsufficientPrivilege(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server could not be reached, or returned an error.
    #[error("the health check failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Checks the server on a new connection, so that a full pool does not hide a healthy server.
///
/// # Errors
///
/// [`HealthError`]
pub async fn ask(connector: &Connector, limit: Duration) -> Result<ServerHealth, HealthError> {
    match timeout(limit, answer(connector, limit)).await {
        Ok(answer) => answer.map_err(failed),
        Err(_elapsed) => Err(HealthError::Unresponsive(limit)),
    }
}

/// Distinguishes a missing privilege from a failure of the server.
fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> HealthError {
    let first: &(dyn std::error::Error + 'static) = &*error;
    let causes = std::iter::successors(Some(first), |error| error.source());
    let denied = |cause: String| cause.starts_with("permission denied");
    if causes.map(ToString::to_string).any(denied) {
        HealthError::InsufficientPrivilege(error)
    } else {
        HealthError::Failed(error)
    }
}

#[derive(diesel::QueryableByName)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of the answer"
)]
struct Answer {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Bool)]
    writable: bool,
    #[diesel(sql_type = Bool)]
    permitted: bool,
    /// Whether the role may use the schema, if it exists. Without this privilege the server hides
    /// the tables, and reports no error.
    #[diesel(sql_type = Bool)]
    usable: bool,
}

async fn answer(
    connector: &Connector,
    limit: Duration,
) -> Result<ServerHealth, Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = connector.open_alone(limit).await?;
    let place = connector.config().store_schema();
    let (schema, refusal) = migrate::read_state(&mut connection, place).await?;
    let asked = Instant::now();
    let answer: Answer = diesel::sql_query(include_str!("health.sql"))
        .bind::<Text, _>(place.name())
        .get_result(&mut connection)
        .await?;
    // A statement that is not prepared takes two round trips.
    let round_trip = asked.elapsed() / 2;
    if !answer.usable {
        return Err(format!("permission denied for schema {}", place.name()).into());
    }
    let order = if answer.permitted && refusal.is_none() && schema.is_current() {
        entry_order::glance(&mut connection).await?
    } else {
        None
    };
    Ok(ServerHealth {
        version: answer.version,
        role: if answer.standby {
            ServerRole::Standby
        } else {
            ServerRole::Primary
        },
        writable: answer.writable,
        permitted: answer.permitted,
        round_trip,
        schema,
        schema_name: place.name().to_owned(),
        refusal: refusal.map(|error| ErrorChain(&error).to_string()),
        order,
    })
}
