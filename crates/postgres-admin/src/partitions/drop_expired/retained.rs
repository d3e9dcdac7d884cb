//! The table with what stays of a partition, ready to be attached.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::super::deadline::Deadline;
use super::super::names::quoted;
use super::super::{Partition, PartitionError, like};
use super::Replacement;

const NAME: &str = "task_history_staying";

/// What was made on a partition itself and belongs to no other table.
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

/// Refuses a partition that has what its replacement would not have.
pub(super) async fn can_be_like(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
) -> Result<(), PartitionError> {
    let question = diesel::sql_query(ITS_OWN).bind::<Text, _>(&partition.name);
    let found: Vec<Own> = question.load(connection).await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(PartitionError::Irreplaceable {
        partition: partition.name.clone(),
        things: found.into_iter().map(|found| found.thing).collect(),
    })
}

/// Makes it, with all that attaching would else do while it keeps everybody out: its indexes, and a
/// check that proves its range. It is stored and used as the old one is.
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
    if replacement.some_stay {
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
