//! Age of the transaction ids, which wrap around.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;

/// How much of the transaction id space is used, in the database of the server that uses the most
/// of it. Once it is exhausted, the whole server refuses writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Wraparound {
    /// The name of that database.
    pub database: String,
    /// Age of its oldest unfrozen transaction id, in transactions.
    pub transactions: u64,
    /// Age of its oldest multixact id, in multixacts.
    pub multixacts: u64,
    /// Transactions left before the server refuses writes.
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

const QUERY: &str = "SELECT datname::text AS database, age(datfrozenxid)::bigint AS transactions,
           mxid_age(datminmxid)::bigint AS multixacts
    FROM pg_database
    ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC
    LIMIT 1";

/// Age at which the server assigns no more ids: 2^31 minus 3 million.
const END: u64 = (1 << 31) - 3_000_000;

/// Ages that are reported. Autovacuum freezes at 200 million by default, so something prevents it.
const LATE: u64 = 1_000_000_000;
const VERY_LATE: u64 = 1_600_000_000;

pub(super) async fn look(probe: &mut Probe) -> Result<Option<Wraparound>, DiagnosisError> {
    let rows: Option<Vec<Row>> = probe
        .query("the ages of the databases", diesel::sql_query(QUERY))
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
        "the transaction ids are running out; then the server refuses writes",
        format!("{age} used since the last freeze of {}, {} left", found.database, found.left),
        "end long and prepared transactions, drop unused slots, then VACUUM that database as a superuser",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_grows_with_the_age() {
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
