//! The connection on which partitions are changed.

use std::time::Duration;

use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::PartitionError;
use crate::advisory_lock::lock_within;
use crate::connection::Connector;
use crate::maintenance_turn::of_store;

/// Names the advisory lock: the bytes of "tasktrap".
const LOCK: i64 = 0x7461_736b_7472_6170;

/// How long to wait for another process that changes them.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn open(
    connector: &Connector,
    statement_timeout: Duration,
) -> Result<AsyncPgConnection, PartitionError> {
    let opened = connector.open_alone(statement_timeout).await;
    opened.map_err(PartitionError::Connect)
}

/// Lets this connection alone change the partitions, until it ends; what it makes without naming a schema
/// is made where the history is.
pub(super) async fn begin(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    may_change(connection).await?;
    connection
        .batch_execute(
            "SELECT set_config('search_path', quote_ident(nspname), false)
             FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
             WHERE pg_class.oid = to_regclass('task_history')",
        )
        .await?;
    let number = of_store(connection, LOCK).await?;
    if lock_within(connection, number, PATIENCE).await? {
        Ok(())
    } else {
        Err(PartitionError::Busy)
    }
}

/// Lets the planner read whole tables: the session's settings are for statements that look at few rows.
pub(super) async fn for_many_rows(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection
        .batch_execute(
            "SET enable_seqscan = on; SET enable_sort = on; SET enable_bitmapscan = on; \
             SET plan_cache_mode = auto",
        )
        .await
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Text)]
    owner: String,
}

async fn may_change(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    let question = "SELECT relowner::regrole::text AS owner FROM pg_class
                    WHERE oid = to_regclass('task_history') AND NOT pg_has_role(relowner, 'USAGE')";
    let others: Vec<Owner> = diesel::sql_query(question).load(connection).await?;
    match others.into_iter().next() {
        Some(Owner { owner }) => Err(PartitionError::NotOwner { owner }),
        None => Ok(()),
    }
}

/// Whose the history is, and so its partitions; as it stands in a statement.
pub(super) async fn owner(connection: &mut AsyncPgConnection) -> Result<String, PartitionError> {
    let question = "SELECT relowner::regrole::text AS owner FROM pg_class
                    WHERE oid = to_regclass('task_history')";
    let Owner { owner } = diesel::sql_query(question).get_result(connection).await?;
    Ok(owner)
}
