//! The numbers of transactions, which come round again.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;

/// How far the numbers of transactions have come, in the database of the server that is worst off: its
/// end is that of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Wraparound {
    /// That database.
    pub database: String,
    /// How many transactions ago its oldest row was frozen.
    pub transactions: u64,
    /// The same for sets of transactions that share a lock.
    pub multixacts: u64,
    /// How many are left before the server takes no writes any more.
    pub left: u64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = BigInt)]
    transactions: i64,
    #[diesel(sql_type = BigInt)]
    multixacts: i64,
}

const QUESTION: &str =
    "SELECT datname::text AS database, age(datfrozenxid)::bigint AS transactions,
           mxid_age(datminmxid)::bigint AS multixacts
    FROM pg_database
    ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC
    LIMIT 1";

/// At this age the server refuses to give out numbers: 2^31, without the last 3 million.
const END: u64 = (1 << 31) - 3_000_000;

/// Autovacuum freezes at 200 million by default; these ages say that it cannot.
const LATE: u64 = 1_000_000_000;
const VERY_LATE: u64 = 1_600_000_000;

pub(super) async fn look(probe: &mut Probe) -> Result<Option<Wraparound>, DiagnosisError> {
    let rows: Option<Vec<Row>> = probe
        .query("the ages of the databases", diesel::sql_query(QUESTION))
        .await?;
    let found = rows.and_then(|rows| rows.into_iter().next()).map(|row| {
        let (transactions, multixacts) = (unsigned(row.transactions), unsigned(row.multixacts));
        Wraparound {
            database: row.database,
            transactions,
            multixacts,
            left: END.saturating_sub(transactions.max(multixacts)),
        }
    });
    probe.found(found.as_ref().and_then(judge));
    Ok(found)
}

fn judge(found: &Wraparound) -> Option<Finding> {
    let age = found.transactions.max(found.multixacts);
    let severity = match age {
        VERY_LATE.. => Severity::Critical,
        LATE.. => Severity::Warning,
        _ => return None,
    };
    Some(FindingCode::Wraparound.finding(
        severity,
        "the numbers of transactions run out, and then the server takes no writes",
        format!("{age} are used since the last freeze of {}, {} are left", found.database, found.left),
        "end long and prepared transactions and unused slots, then VACUUM that database as a superuser",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_told_before_it_comes() {
        let severity = |transactions, multixacts| {
            let found = Wraparound {
                database: "tasks".to_owned(),
                transactions,
                multixacts,
                left: 0,
            };
            judge(&found).map(|found| found.severity)
        };

        assert_eq!(severity(LATE - 1, 0), None);
        assert_eq!(severity(LATE, 0), Some(Severity::Warning));
        assert_eq!(severity(0, VERY_LATE), Some(Severity::Critical));
    }
}
