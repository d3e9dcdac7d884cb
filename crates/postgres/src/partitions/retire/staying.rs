//! The table with what stays of a partition, ready to be attached.

use diesel_async::AsyncPgConnection;

use super::super::PartitionError;
use super::super::names::quoted;
use super::Replacement;
use super::deadline::Deadline;

const NAME: &str = "task_history_staying";

/// Makes it, with all that attaching would else do while it keeps everybody out: its indexes, and a
/// check that proves its range.
pub(super) async fn prepared(
    connection: &mut AsyncPgConnection,
    replacement: &Replacement<'_>,
    deadline: &Deadline,
) -> Result<&'static str, PartitionError> {
    let old = quoted(&replacement.partition.name);
    let mut statements = vec![format!(
        "CREATE TABLE {NAME} (LIKE {old} INCLUDING CONSTRAINTS INCLUDING STORAGE)"
    )];
    if replacement.some_stay {
        statements.push(format!(
            "INSERT INTO {NAME}
             SELECT * FROM {old} AS entry
             WHERE NOT EXISTS (
                 SELECT FROM leaving AS task
                 WHERE task.user_id = entry.user_id AND task.task_id = entry.task_id)"
        ));
    }
    statements.extend([
        format!("ALTER TABLE {NAME} ADD PRIMARY KEY (user_id, entry_id)"),
        format!("CREATE INDEX ON {NAME} (user_id, task_id, step, id DESC)"),
        format!(
            "ALTER TABLE {NAME} ADD CONSTRAINT task_history_range_check CHECK ({})",
            replacement.bounds().check()
        ),
        format!("ALTER TABLE {NAME} OWNER TO {}", replacement.owner),
    ]);
    for statement in statements {
        deadline.execute(connection, &statement).await?;
    }
    Ok(NAME)
}
