//! Who owns the task history. Only its owner may change partitions or the sequence of ids.

use diesel::sql_types::Text;
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Text)]
    owner: String,
}

/// The owner of `task_history`, quoted as an identifier.
///
/// # Errors
///
/// If the server cannot answer, or there is no such table.
pub async fn owner(connection: &mut AsyncPgConnection) -> QueryResult<String> {
    let query = "SELECT relowner::regrole::text AS owner FROM pg_class
                 WHERE oid = to_regclass('task_history')";
    let Owner { owner } = diesel::sql_query(query).get_result(connection).await?;
    Ok(owner)
}

/// The owner of `task_history`, if the connection's role does not have its rights.
///
/// # Errors
///
/// If the server cannot answer.
pub async fn other_owner(connection: &mut AsyncPgConnection) -> QueryResult<Option<String>> {
    let query = "SELECT relowner::regrole::text AS owner FROM pg_class
                 WHERE oid = to_regclass('task_history') AND NOT pg_has_role(relowner, 'USAGE')";
    let others: Vec<Owner> = diesel::sql_query(query).load(connection).await?;
    Ok(others.into_iter().next().map(|Owner { owner }| owner))
}
