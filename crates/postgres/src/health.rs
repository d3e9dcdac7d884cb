//! How the server is.

use std::time::Duration;

use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use tokio::time::{Instant, timeout};

use crate::connection::Connector;
use crate::migrate::{self, SchemaState};

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerHealth {
    /// Its version, as in `15.14`.
    pub version: String,
    /// Whether it is a primary or a standby.
    pub role: ServerRole,
    /// Whether it takes writes: a primary may be told not to.
    pub writable: bool,
    /// Whether this role may read and write the tables, as far as they are there.
    pub permitted: bool,
    /// How long a question and its answer take, on a connection that is open.
    pub round_trip: Duration,
    /// The migrations that it has and that this program expects.
    pub schema: SchemaState,
}

/// What a server does in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerRole {
    /// It takes writes, unless it is told not to.
    Primary,
    /// It follows a primary.
    Standby,
}

/// The server did not say how it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HealthError {
    /// It did not answer in time.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// It cannot be reached, or refused.
    #[error("the server cannot be asked")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Asks on a connection of its own, so that a full pool does not hide a healthy server.
pub(crate) async fn ask(
    connector: &Connector,
    limit: Duration,
) -> Result<ServerHealth, HealthError> {
    match timeout(limit, answer(connector, limit)).await {
        Ok(answer) => answer.map_err(HealthError::Failed),
        Err(_elapsed) => Err(HealthError::Silent(limit)),
    }
}

#[derive(diesel::QueryableByName)]
struct Answer {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Bool)]
    writable: bool,
    #[diesel(sql_type = Bool)]
    permitted: bool,
}

async fn answer(
    connector: &Connector,
    limit: Duration,
) -> Result<ServerHealth, Box<dyn std::error::Error + Send + Sync>> {
    let mut connection = connector.open_alone(limit).await?;
    let question = "SELECT current_setting('server_version') AS version,
                           pg_is_in_recovery() AS standby,
                           current_setting('transaction_read_only') = 'off' AS writable,
                           (SELECT coalesce(bool_and(has_table_privilege(oid, wanted)), true)
                            FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS wanted,
                                 unnest(ARRAY[to_regclass('task_history'),
                                              to_regclass('task_summary')]) AS oid
                            WHERE NOT (oid = to_regclass('task_history') AND wanted = 'UPDATE')
                           ) AS permitted";
    let schema = migrate::read_state(&mut connection).await?;
    let asked = Instant::now();
    let answer: Answer = diesel::sql_query(question)
        .get_result(&mut connection)
        .await?;
    // A question that is not prepared takes two round trips.
    let round_trip = asked.elapsed() / 2;
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
    })
}
