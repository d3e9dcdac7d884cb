//! Transactions that stay open and hold vacuum back.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use serde::Serialize;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::{Probe, missing_privilege};

/// A transaction of this database that has been open for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OpenTransaction {
    /// Its server process.
    pub pid: i32,
    /// The application name of its session.
    pub application: String,
    /// The role of the session.
    pub role: String,
    /// The state of its session, such as `idle in transaction`.
    pub state: String,
    /// How long it has been open, in seconds.
    pub age_seconds: u64,
    /// Whether vacuum must keep rows because of it.
    pub holds_vacuum: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    pid: i32,
    #[diesel(sql_type = Text)]
    application: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    age_seconds: i64,
    #[diesel(sql_type = Bool)]
    holds_vacuum: bool,
    #[diesel(sql_type = Bool)]
    hidden: bool,
}

#[derive(QueryableByName)]
struct Prepared {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    age_seconds: i64,
}

const PREPARED: &str = "SELECT gid AS name,
           extract(epoch FROM clock_timestamp() - prepared)::bigint AS age_seconds
    FROM pg_prepared_xacts
    WHERE database = current_database()
      AND prepared <= clock_timestamp() - $1 * interval '1 millisecond'
    ORDER BY prepared";

pub(super) async fn look(
    probe: &mut Probe,
    limit: Duration,
) -> Result<Vec<OpenTransaction>, DiagnosisError> {
    let limit = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 1000);
    let query = diesel::sql_query(include_str!("sql/transactions.sql")).bind::<BigInt, _>(limit);
    let rows: Option<Vec<Row>> = probe.query("open transactions", query).await?;
    let (hidden, open): (Vec<_>, Vec<_>) = rows
        .unwrap_or_default()
        .into_iter()
        .partition(|row| row.hidden);
    if !hidden.is_empty() {
        probe.found([missing_privilege(
            "the transactions of other roles",
            &format!("{} sessions of this database are hidden", hidden.len()),
            "GRANT pg_read_all_stats to the role that diagnoses",
        )]);
    }
    let open: Vec<_> = open.into_iter().map(transaction).collect();
    probe.found(open.iter().map(judge));
    let query = diesel::sql_query(PREPARED).bind::<BigInt, _>(limit);
    let prepared: Option<Vec<Prepared>> = probe.query("prepared transactions", query).await?;
    probe.found(prepared.unwrap_or_default().iter().map(judge_prepared));
    Ok(open)
}

fn transaction(row: Row) -> OpenTransaction {
    OpenTransaction {
        pid: row.pid,
        application: row.application,
        role: row.role,
        state: row.state,
        age_seconds: unsigned(row.age_seconds),
        holds_vacuum: row.holds_vacuum,
    }
}

fn judge(open: &OpenTransaction) -> Finding {
    let (severity, summary) = if open.holds_vacuum {
        (
            Severity::Warning,
            "a transaction has been open for long and holds vacuum back",
        )
    } else {
        (
            Severity::Notice,
            "a transaction has been open for long and holds its locks",
        )
    };
    FindingCode::LongTransaction.finding(
        severity,
        summary,
        format!(
            "process {} of {} ({}) is {} for {} s",
            open.pid, open.role, open.application, open.state, open.age_seconds
        ),
        format!(
            "find out what it does; SELECT pg_terminate_backend({}) ends it",
            open.pid
        ),
    )
}

fn judge_prepared(prepared: &Prepared) -> Finding {
    FindingCode::PreparedTransaction.finding(
        Severity::Warning,
        "a prepared transaction has been open for long and holds vacuum back",
        format!("{:?}, open for {} s", prepared.name, prepared.age_seconds),
        "commit it or roll it back in its transaction manager, or with COMMIT PREPARED or ROLLBACK PREPARED",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_that_holds_vacuum_back_is_a_warning() {
        let mut open = OpenTransaction {
            pid: 7,
            application: "psql".to_owned(),
            role: "ann".to_owned(),
            state: "idle in transaction".to_owned(),
            age_seconds: 400,
            holds_vacuum: true,
        };

        let warning = judge(&open);
        open.holds_vacuum = false;

        assert_eq!(warning.severity, Severity::Warning);
        assert_eq!(
            warning.evidence,
            "process 7 of ann (psql) is idle in transaction for 400 s"
        );
        assert_eq!(judge(&open).severity, Severity::Notice);
    }
}
