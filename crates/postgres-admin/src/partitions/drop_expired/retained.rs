//! The table with the retained entries of a partition.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::super::deadline::Deadline;
use super::super::names::quoted;
use super::super::{Partition, PartitionError, like};
use super::Replacement;

const NAME: &str = "task_history_retained";

/// Objects that were created on the partition itself.
const ITS_OWN: &str = "
    WITH ours AS (SELECT to_regclass(quote_ident($1))::oid AS oid)
    SELECT 'trigger ' || tgname AS thing FROM ours JOIN pg_trigger ON tgrelid = ours.oid
    WHERE NOT tgisinternal AND tgparentid = 0
    UNION ALL
    SELECT 'policy ' || polname FROM ours JOIN pg_policy ON polrelid = ours.oid
    UNION ALL
    SELECT 'rule ' || rulename FROM ours JOIN pg_rewrite ON ev_class = ours.oid
    UNION ALL
    SELECT 'foreign key ' || conname FROM ours JOIN pg_constraint ON conrelid = ours.oid
    WHERE contype = 'f' AND conparentid = 0
    ORDER BY 1";

#[derive(QueryableByName)]
struct Own {
    #[diesel(sql_type = Text)]
    thing: String,
}

/// Refuses a partition with objects that its replacement would not have.
pub(super) async fn can_be_like(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
) -> Result<(), PartitionError> {
    let query = diesel::sql_query(ITS_OWN).bind::<Text, _>(&partition.name);
    let found: Vec<Own> = query.load(connection).await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(PartitionError::Irreplaceable {
        partition: partition.name.clone(),
        things: found.into_iter().map(|found| found.thing).collect(),
    })
}

/// Creates the table with its indexes and a check that proves its range, so that attaching it takes
/// milliseconds. Copies the storage and the privileges of the old partition.
pub(super) async fn prepared(
    connection: &mut AsyncPgConnection,
    replacement: &Replacement<'_>,
    deadline: &Deadline,
) -> Result<&'static str, PartitionError> {
    let old = &replacement.partition.name;
    let quoted_old = quoted(old);
    let mut statements = vec![
        format!(
            "CREATE TABLE {NAME} (LIKE {quoted_old} INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY)"
        ),
        format!("ALTER TABLE {NAME} OWNER TO {}", replacement.owner),
        like::table(NAME, old),
    ];
    if replacement.some_retained {
        statements.push(format!(
            "INSERT INTO {NAME}
             SELECT * FROM {quoted_old} AS entry
             WHERE NOT EXISTS (
                 SELECT FROM removed AS task
                 WHERE task.user_id = entry.user_id AND task.task_id = entry.task_id)"
        ));
    }
    statements.extend([
        like::indexes(NAME, old),
        format!(
            "ALTER TABLE {NAME} ADD CONSTRAINT task_history_range_check CHECK ({})",
            replacement.bounds().check()
        ),
    ]);
    for statement in statements {
        deadline.run(connection, &statement).await?;
    }
    Ok(NAME)
}
