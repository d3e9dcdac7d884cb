//! Sizes, validity and use of the indexes.

use std::collections::BTreeSet;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use tasktrail_postgres::schema_check;
use tasktrail_postgres::with_leaves;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;

/// An index of a table of the histories, or of one of its partitions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct IndexFacts {
    /// The table of the histories that it belongs to.
    pub table: String,
    /// Its name.
    pub name: String,
    /// For a partitioned table, the name of the index of the whole table; otherwise its own name.
    pub family: String,
    /// Its schema and name, quoted for use in SQL.
    pub qualified: String,
    /// Schema and name of the index of the whole table, quoted for use in SQL; `None` if the table
    /// is not partitioned.
    pub partitioned: Option<String>,
    /// Whether the role may drop it, as the owner of the index or of its schema.
    pub droppable: bool,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Its estimated size without free space, in bytes; `None` before the first analyze, and if it
    /// is not a B-tree.
    pub estimated_bytes: Option<u64>,
    /// Number of scans since the server's statistics were last reset.
    pub scans: u64,
    /// Whether queries may use it. An index whose build was interrupted is invalid.
    pub valid: bool,
    /// Whether it enforces a key or another constraint.
    pub constraint: bool,
    /// Whether an index build is running on the same table.
    pub building: bool,
}

impl IndexFacts {
    /// Returns the estimated bytes that a reindex would free.
    #[must_use]
    pub fn gap_bytes(&self) -> u64 {
        let without_gaps = self.estimated_bytes.unwrap_or(self.bytes);
        self.bytes.saturating_sub(without_gaps)
    }

    /// Returns whether it is left over from an interrupted concurrent reindex.
    #[must_use]
    pub fn is_left_over(&self) -> bool {
        let number = self
            .name
            .trim_end_matches(|digit: char| digit.is_ascii_digit());
        !self.valid && (number.ends_with("_ccnew") || number.ends_with("_ccold"))
    }
}

#[derive(QueryableByName)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
struct Row {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    family: String,
    #[diesel(sql_type = Text)]
    qualified: String,
    #[diesel(sql_type = Nullable<Text>)]
    partitioned: Option<String>,
    #[diesel(sql_type = Bool)]
    droppable: bool,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    estimated_bytes: Option<i64>,
    #[diesel(sql_type = BigInt)]
    scans: i64,
    #[diesel(sql_type = Bool)]
    valid: bool,
    #[diesel(sql_type = Bool)]
    is_constraint: bool,
    #[diesel(sql_type = Bool)]
    building: bool,
}

const QUERY: &str = include_str!("sql/indexes.sql");

pub(super) async fn look(probe: &mut Probe) -> Result<Vec<IndexFacts>, DiagnosisError> {
    let rows: Option<Vec<Row>> = probe
        .query("the indexes", diesel::sql_query(with_leaves(QUERY)))
        .await?;
    let indexes: Vec<_> = rows.unwrap_or_default().into_iter().map(index).collect();
    let judged = indexes.iter().filter_map(judge).collect::<Vec<_>>();
    probe.found(judged);
    probe.found(unused(&indexes));
    Ok(indexes)
}

/// Returns the same facts on an existing connection, for table maintenance.
pub(crate) async fn facts(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Vec<IndexFacts>> {
    let rows: Vec<Row> = diesel::sql_query(with_leaves(QUERY))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(index).collect())
}

fn index(row: Row) -> IndexFacts {
    IndexFacts {
        table: row.table_name,
        name: row.name,
        family: row.family,
        qualified: row.qualified,
        partitioned: row.partitioned,
        droppable: row.droppable,
        bytes: unsigned(row.bytes),
        estimated_bytes: row.estimated_bytes.map(unsigned),
        scans: unsigned(row.scans),
        valid: row.valid,
        constraint: row.is_constraint,
        building: row.building,
    }
}

/// Less free space than this does not justify a reindex.
const WORTHWHILE: u64 = 64 << 20;

fn judge(index: &IndexFacts) -> Option<Finding> {
    let name = &index.qualified;
    if !index.valid && !index.building {
        let advice = if index.is_left_over() {
            "run tasktrail reindex as the owner of the tables: it removes what an interrupted run left behind"
        } else {
            "run tasktrail reindex as the owner of the tables: it rebuilds the index"
        };
        return Some(FindingCode::InvalidIndex.finding(
            Severity::Warning,
            format!("{name} is invalid: its build was interrupted, so every save writes to it but no query uses it"),
            format!("indisvalid = false, {} bytes", index.bytes),
            advice,
        ));
    }
    let gap = index.gap_bytes();
    (gap >= WORTHWHILE && gap > index.bytes / 2).then(|| {
        FindingCode::BloatedIndex.finding(
            Severity::Notice,
            format!("{name} is more than twice as large as its contents"),
            format!(
                "{} bytes, of which {gap} are free space, by estimate",
                index.bytes
            ),
            "run tasktrail reindex as the owner of the tables; saves and reads continue",
        )
    })
}

/// Reports indexes that the migrations did not create, and that have never been read in any
/// partition.
fn unused(indexes: &[IndexFacts]) -> Vec<Finding> {
    let whole = |index: &IndexFacts| {
        let qualified = index.partitioned.as_ref().unwrap_or(&index.qualified);
        (
            qualified.clone(),
            index.family.clone(),
            index.partitioned.is_some(),
        )
    };
    let families: BTreeSet<_> = indexes.iter().map(whole).collect();
    let mut findings = Vec::new();
    for family in families {
        let of_family = || indexes.iter().filter(|index| whole(index) == family);
        let used = of_family().any(|index| index.scans > 0 || index.constraint || !index.valid);
        let (qualified, name, partitioned) = &family;
        if used || schema_check::expects_index(name) {
            continue;
        }
        let bytes: u64 = of_family().map(|index| index.bytes).sum();
        let statement = if *partitioned {
            // DROP INDEX CONCURRENTLY does not support partitioned indexes.
            format!("SET lock_timeout = '2s'; DROP INDEX {qualified}")
        } else {
            format!("DROP INDEX CONCURRENTLY {qualified}")
        };
        findings.push(FindingCode::UnusedIndex.finding(
            Severity::Notice,
            format!("{qualified} has never been read, is not created by the migrations, and every save writes to it"),
            format!("no scan since the statistics were last reset, {bytes} bytes"),
            format!("find out who created it; if nothing needs it: {statement}"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str) -> IndexFacts {
        IndexFacts {
            name: name.to_owned(),
            family: name.to_owned(),
            qualified: format!("public.{name}"),
            valid: true,
            ..IndexFacts::default()
        }
    }

    fn code(index: &IndexFacts) -> Option<FindingCode> {
        judge(index).map(|found| found.code)
    }

    #[test]
    fn invalid_index_is_reported_unless_an_index_is_being_built() {
        let invalid = IndexFacts {
            valid: false,
            ..index("task_history_pkey_ccnew1")
        };
        let building = IndexFacts {
            building: true,
            ..invalid.clone()
        };

        assert_eq!(code(&invalid), Some(FindingCode::InvalidIndex));
        assert!(invalid.is_left_over() && !index("x_ccnew").is_left_over());
        assert_eq!(code(&building), None);
    }

    #[test]
    fn bloat_is_reported_if_it_is_large_and_most_of_the_index() {
        let with = |bytes, estimated: u64| IndexFacts {
            bytes,
            estimated_bytes: Some(estimated),
            ..index("i")
        };

        assert_eq!(
            code(&with(2 * WORTHWHILE, WORTHWHILE - 1)),
            Some(FindingCode::BloatedIndex)
        );
        assert_eq!(code(&with(2 * WORTHWHILE, WORTHWHILE)), None);
        assert_eq!(code(&with(WORTHWHILE - 1, 0)), None);
        assert_eq!(code(&index("unknown")), None);
    }

    #[test]
    fn only_indexes_that_the_migrations_do_not_create_can_be_unused() {
        let parts = ["theirs_1", "theirs_2"].map(|name| IndexFacts {
            family: "theirs".to_owned(),
            partitioned: Some("public.theirs".to_owned()),
            ..index(name)
        });
        let [first, second] = parts.clone();
        let read = IndexFacts { scans: 1, ..first };
        let ours = index("task_summary_list_idx");
        let advice = |indexes: &[IndexFacts]| {
            let findings = unused(indexes).into_iter();
            findings.map(|found| found.advice).collect::<Vec<_>>()
        };

        assert_eq!(unused(&[ours.clone(), read, second]), []);
        assert_eq!(
            advice(&[ours, index("theirs")]),
            ["find out who created it; if nothing needs it: DROP INDEX CONCURRENTLY public.theirs"]
        );
        assert_eq!(
            advice(&parts),
            [
                "find out who created it; if nothing needs it: SET lock_timeout = '2s'; DROP INDEX public.theirs"
            ]
        );
    }
}
