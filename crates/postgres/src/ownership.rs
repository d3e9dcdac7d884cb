//! The owner of the task history. Only the owner may change partitions or the sequence of ids.

use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Text)]
    owner: String,
}

/// Returns the owner of `task_history`, quoted as an identifier.
///
/// # Errors
///
/// If the query fails, or the table does not exist.
pub async fn owner(connection: &mut AsyncPgConnection) -> QueryResult<String> {
    let query = "SELECT relowner::regrole::text AS owner FROM pg_class
                 WHERE oid = to_regclass('task_history')";
    let Owner { owner } = diesel::sql_query(query).get_result(connection).await?;
    Ok(owner)
}

/// Returns the owner of `task_history`, unless the current role has its privileges.
///
/// # Errors
///
/// If the query fails.
pub async fn other_owner(connection: &mut AsyncPgConnection) -> QueryResult<Option<String>> {
    let query = "SELECT relowner::regrole::text AS owner FROM pg_class
                 WHERE oid = to_regclass('task_history') AND NOT pg_has_role(relowner, 'USAGE')";
    let others: Vec<Owner> = diesel::sql_query(query).load(connection).await?;
    Ok(others.into_iter().next().map(|Owner { owner }| owner))
}
