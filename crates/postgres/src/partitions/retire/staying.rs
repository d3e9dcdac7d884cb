//! The table with what stays of a partition, ready to be attached.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use super::super::calendar::Bounds;
use super::super::names::quoted;
use super::super::{Partition, PartitionError, owner};

const NAME: &str = "task_history_staying";

/// Makes it, with all that attaching would else do while it keeps everybody out: its indexes, and a
/// check that proves its range.
pub(super) async fn prepared(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    bounds: &Bounds,
    some_stay: bool,
) -> Result<&'static str, PartitionError> {
    let old = quoted(&partition.name);
    let mut statements =
        format!("CREATE TABLE {NAME} (LIKE {old} INCLUDING CONSTRAINTS INCLUDING STORAGE)");
    if some_stay {
        let copy = format!(
            "; INSERT INTO {NAME}
             SELECT * FROM {old} AS entry
             WHERE NOT EXISTS (
                 SELECT FROM leaving AS task
                 WHERE task.user_id = entry.user_id AND task.task_id = entry.task_id)"
        );
        statements.push_str(&copy);
    }
    let rest = format!(
        "; ALTER TABLE {NAME} ADD PRIMARY KEY (user_id, entry_id);
         CREATE INDEX ON {NAME} (user_id, task_id, step, id DESC);
         ALTER TABLE {NAME} ADD CONSTRAINT task_history_range_check CHECK ({});
         ALTER TABLE {NAME} OWNER TO {}",
        bounds.check(),
        owner(connection).await?
    );
    statements.push_str(&rest);
    connection.batch_execute(&statements).await?;
    Ok(NAME)
}
