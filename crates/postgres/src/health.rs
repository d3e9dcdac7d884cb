//! How the server is.

use std::time::Duration;

use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres_client::connection::Connector;
use tokio::time::{Instant, timeout};

use crate::entry_order::{self, EntryOrder};
use crate::migrate::{self, SchemaState};

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The name of the schema that the store is in, or would be made in.
    pub schema_name: String,
    /// The reason for which `connect` and every migration refuse the place of the store: the encoding of the
    /// database, a table that is not Tasktrail's, or a store in another schema. `None` if there is none.
    pub refusal: Option<String>,
    /// Where the ids of entries are, by the sample that `connect` takes. `None` if the schema is not current,
    /// the role may not read the sequence, another session has locked a table, or a table is missing.
    pub order: Option<EntryOrder>,
}

/// What a server does in a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ServerRole {
    /// It takes writes, unless it is told not to.
    #[default]
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
    Unresponsive(Duration),
    /// The role lacks a privilege without which the schema cannot be read.
    #[error("this role lacks a privilege: run what `tasktrail migrate roles` prints")]
    InsufficientPrivilege(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It cannot be reached, or refused.
    #[error("the server cannot be asked")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Asks on a connection of its own, so that a full pool does not hide a healthy server.
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

/// A privilege that is missing is no fault of the server.
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
    /// Whether this role may use the schema, as far as it is there. Without that right the server shows no table
    /// of it, and reports no error.
    #[diesel(sql_type = Bool)]
    usable: bool,
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
                           ) AS permitted,
                           NOT EXISTS (SELECT FROM pg_namespace
                                       WHERE nspname = $1 AND NOT has_schema_privilege(oid, 'USAGE')
                           ) AS usable";
    let place = connector.config().store_schema();
    let (schema, refusal) = migrate::read_state(&mut connection, place).await?;
    let asked = Instant::now();
    let answer: Answer = diesel::sql_query(question)
        .bind::<Text, _>(place.name())
        .get_result(&mut connection)
        .await?;
    // A question that is not prepared takes two round trips.
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
