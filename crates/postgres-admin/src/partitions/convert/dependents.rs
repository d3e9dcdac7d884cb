//! Objects that depend on the plain table, and would remain with the first partition.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::super::PartitionError;

/// Objects that follow the table when it is renamed, and that a new table does not have.
const QUERY: &str = "
    WITH ours AS (SELECT to_regclass('task_history')::oid AS oid)
    SELECT DISTINCT 'view ' || view.oid::regclass::text AS dependent
    FROM ours JOIN pg_depend AS d ON d.refobjid = ours.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS view ON view.oid = r.ev_class
    WHERE view.oid <> ours.oid
    UNION ALL
    SELECT 'trigger ' || tgname FROM ours JOIN pg_trigger ON tgrelid = ours.oid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'publication ' || pubname FROM ours JOIN pg_publication_rel ON prrelid = ours.oid
    JOIN pg_publication ON pg_publication.oid = prpubid
    UNION ALL
    SELECT 'policy ' || polname FROM ours JOIN pg_policy ON polrelid = ours.oid
    UNION ALL
    SELECT 'rights on the column ' || attname FROM ours JOIN pg_attribute ON attrelid = ours.oid
    WHERE attacl IS NOT NULL
    ORDER BY 1";

#[derive(QueryableByName)]
struct Dependent {
    #[diesel(sql_type = Text)]
    dependent: String,
}

/// Refuses a table on which other objects depend.
pub(super) async fn none(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    let found: Vec<Dependent> = diesel::sql_query(QUERY).load(connection).await?;
    if found.is_empty() {
        return Ok(());
    }
    let names = found.into_iter().map(|found| found.dependent).collect();
    Err(PartitionError::InUse(names))
}
