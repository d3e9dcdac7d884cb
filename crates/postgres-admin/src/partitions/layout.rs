//! Reads the partitions.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::unsigned;

use super::month_bounds::Bounds;
use super::{Partition, PartitionError};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    bounds: String,
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// The table itself, and one row for each partition.
const QUERY: &str = "
    SELECT c.relkind::text AS kind, c.relname::text AS name,
           coalesce(pg_get_expr(c.relpartbound, c.oid), '') AS bounds,
           coalesce(nullif(pg_stat_get_live_tuples(c.oid), 0), greatest(c.reltuples, 0)::bigint) AS entries,
           coalesce(pg_total_relation_size(c.oid), 0) AS bytes
    FROM pg_class AS c
    WHERE c.oid = to_regclass('task_history')
       OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('task_history'))
    ORDER BY c.relispartition, name";

/// Reads the partitions, oldest first; `None` if the entries are in one table.
pub(super) async fn read(
    connection: &mut AsyncPgConnection,
) -> Result<Option<Vec<Partition>>, PartitionError> {
    let rows: Vec<Row> = diesel::sql_query(QUERY).load(connection).await?;
    match rows.split_first() {
        Some((table, partitions)) if table.kind == "p" => {
            let partitions: Result<Vec<_>, _> = partitions.iter().map(Row::partition).collect();
            let mut partitions = partitions?;
            partitions.sort_by_key(|partition| partition.from);
            Ok(Some(partitions))
        }
        _ => Ok(None),
    }
}

impl Row {
    fn partition(&self) -> Result<Partition, PartitionError> {
        let Some(bounds) = Bounds::read(&self.bounds) else {
            return Err(PartitionError::Foreign {
                name: self.name.clone(),
                bounds: self.bounds.clone(),
            });
        };
        Ok(Partition {
            name: self.name.clone(),
            from: bounds.from,
            until: bounds.until,
            entries: unsigned(self.entries),
            bytes: unsigned(self.bytes),
        })
    }
}
