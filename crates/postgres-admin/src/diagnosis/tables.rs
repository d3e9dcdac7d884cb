//! Sizes of the tables, dead rows, and planner statistics.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use serde::Serialize;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::with_leaves;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;

/// A table of the histories. A partitioned table is the sum of its partitions.
///
/// Sizes are exact; row counts are estimates of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TableFacts {
    /// Its name.
    pub name: String,
    /// Its schema and name, quoted for use in SQL.
    pub qualified: String,
    /// Number of partitions; 0 if it is not partitioned.
    pub partitions: u64,
    /// Estimated number of live rows.
    pub live_rows: u64,
    /// Estimated number of dead rows, which vacuum has not removed yet.
    pub dead_rows: u64,
    /// Rows that were added, changed or removed since the last analyze.
    pub changed_since_analyze: u64,
    /// Size of the rows, in bytes, without TOAST data and indexes.
    pub row_bytes: u64,
    /// Size of the table with TOAST data, without indexes, in bytes.
    pub table_bytes: u64,
    /// Size of its indexes, in bytes.
    pub index_bytes: u64,
    /// Last vacuum of the table, or of its most recently vacuumed partition; `None` for never.
    pub last_vacuum: Option<Timestamp>,
    /// Last analyze of the table, or of its most recently analyzed partition; `None` for never.
    pub last_analyze: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    qualified: String,
    #[diesel(sql_type = BigInt)]
    partitions: i64,
    #[diesel(sql_type = BigInt)]
    live_rows: i64,
    #[diesel(sql_type = BigInt)]
    dead_rows: i64,
    #[diesel(sql_type = BigInt)]
    changed: i64,
    #[diesel(sql_type = BigInt, column_name = "row_bytes")]
    main_bytes: i64,
    #[diesel(sql_type = BigInt)]
    table_bytes: i64,
    #[diesel(sql_type = BigInt)]
    index_bytes: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_vacuum: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_analyze: Option<DateTime<Utc>>,
}

pub(super) async fn look(probe: &mut Probe) -> Result<Vec<TableFacts>, DiagnosisError> {
    let query = include_str!("sql/tables.sql");
    let rows: Option<Vec<Row>> = probe
        .query("the tables", diesel::sql_query(with_leaves(query)))
        .await?;
    let tables: Vec<_> = rows.unwrap_or_default().into_iter().map(facts).collect();
    probe.found(tables.iter().flat_map(judge));
    Ok(tables)
}

fn facts(row: Row) -> TableFacts {
    let instant = |at: Option<DateTime<Utc>>| at.and_then(|at| Timestamp::from_datetime(at).ok());
    TableFacts {
        name: row.name,
        qualified: row.qualified,
        partitions: unsigned(row.partitions),
        live_rows: unsigned(row.live_rows),
        dead_rows: unsigned(row.dead_rows),
        changed_since_analyze: unsigned(row.changed),
        row_bytes: unsigned(row.main_bytes),
        table_bytes: unsigned(row.table_bytes),
        index_bytes: unsigned(row.index_bytes),
        last_vacuum: instant(row.last_vacuum),
        last_analyze: instant(row.last_analyze),
    }
}

/// Fewer rows than this are ignored, whatever their share of the table.
const FEW: u64 = 10_000;

/// Share of dead rows from which vacuum does not keep up, in percent. Autovacuum starts at 20 % by
/// default.
const TOO_DEAD: u64 = 40;

/// Share of changed rows from which the statistics are outdated, in percent.
const TOO_CHANGED: u64 = 50;

fn judge(table: &TableFacts) -> Vec<Finding> {
    let name = &table.name;
    let dead = table.dead_rows.saturating_mul(100) / table.live_rows.max(1);
    let changed = table.changed_since_analyze.saturating_mul(100) / table.live_rows.max(1);
    let dead_rows = (table.dead_rows > FEW && dead >= TOO_DEAD).then(|| {
        FindingCode::DeadTuples.finding(
            Severity::Warning,
            format!("{name} contains many dead rows, and vacuum does not keep up"),
            format!(
                "{} dead and {} live rows, last vacuum {}",
                table.dead_rows,
                table.live_rows,
                when(table.last_vacuum)
            ),
            "run tasktrail analyze --vacuum; check for long transactions, and make autovacuum faster \
             (autovacuum_vacuum_cost_limit)",
        )
    });
    let stale = (table.changed_since_analyze > FEW && changed >= TOO_CHANGED).then(|| {
        FindingCode::StaleStatistics.finding(
            Severity::Notice,
            format!("the planner's statistics of {name} are outdated"),
            format!(
                "{} of about {} rows changed since the last analyze, {}",
                table.changed_since_analyze,
                table.live_rows,
                when(table.last_analyze)
            ),
            "run tasktrail analyze, as the owner of the tables",
        )
    });
    dead_rows.into_iter().chain(stale).collect()
}

fn when(instant: Option<Timestamp>) -> String {
    instant.map_or_else(|| "never".to_owned(), |instant| instant.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(dead_rows: u64, changed_since_analyze: u64) -> Vec<FindingCode> {
        let table = TableFacts {
            name: "task_summary".to_owned(),
            live_rows: 100_000,
            dead_rows,
            changed_since_analyze,
            ..TableFacts::default()
        };
        judge(&table).into_iter().map(|found| found.code).collect()
    }

    #[test]
    fn table_is_judged_by_its_share_of_dead_and_changed_rows() {
        assert_eq!(codes(39_999, 49_999), []);
        assert_eq!(
            codes(40_000, 50_000),
            [FindingCode::DeadTuples, FindingCode::StaleStatistics]
        );
    }

    #[test]
    fn few_rows_are_ignored() {
        let table = TableFacts {
            live_rows: 10,
            dead_rows: FEW,
            changed_since_analyze: FEW,
            ..TableFacts::default()
        };

        assert_eq!(judge(&table), []);
    }
}
