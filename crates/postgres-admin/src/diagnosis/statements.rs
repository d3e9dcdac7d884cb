//! Cost of the statements of this application, from `pg_stat_statements`.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Text};
use serde::Serialize;
use tasktrail_postgres::operation_of;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::{Probe, missing_privilege};

/// The cost of a statement of this application since the server's statistics were last reset.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StatementFacts {
    /// The operation of the port that it belongs to, such as `task_history.load`.
    pub operation: &'static str,
    /// Number of executions.
    pub calls: u64,
    /// Number of rows returned or changed.
    pub rows: u64,
    /// Average time, in milliseconds.
    pub mean_ms: f64,
    /// Time of the slowest execution, in milliseconds.
    pub longest_ms: f64,
    /// Total time, in milliseconds.
    pub total_ms: f64,
}

#[derive(QueryableByName)]
struct Extension {
    #[diesel(sql_type = Text)]
    view: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    query: String,
    #[diesel(sql_type = BigInt)]
    calls: i64,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Double)]
    mean_ms: f64,
    #[diesel(sql_type = Double)]
    longest_ms: f64,
    #[diesel(sql_type = Double)]
    total_ms: f64,
}

const EXTENSION: &str = "SELECT format('%I.pg_stat_statements', nspname) AS view
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_stat_statements'";

/// Replaces the text of a statement that the role may not read.
const HIDDEN: &str = "<insufficient privilege>";

const ABOUT: &str = "the cost of statements";

pub(super) async fn look(probe: &mut Probe) -> Result<Option<Vec<StatementFacts>>, DiagnosisError> {
    let extension: Option<Vec<Extension>> =
        probe.query(ABOUT, diesel::sql_query(EXTENSION)).await?;
    let Some(extension) = extension else {
        return Ok(None);
    };
    let Some(Extension { view }) = extension.into_iter().next() else {
        probe.found([uncounted(
            "the extension pg_stat_statements is not installed in this database",
        )]);
        return Ok(None);
    };
    // The name comes quoted from the server.
    let query = format!(
        "SELECT query, calls, rows, mean_exec_time AS mean_ms, max_exec_time AS longest_ms,
                total_exec_time AS total_ms
         FROM {view}
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND (query LIKE '%task_history%' OR query LIKE '%task_summary%' OR query = '{HIDDEN}')
         ORDER BY total_exec_time DESC
         LIMIT 1000"
    );
    let rows: Option<Vec<Row>> = probe.query(ABOUT, diesel::sql_query(query)).await?;
    let Some(rows) = rows else {
        return Ok(None);
    };
    let hidden = rows.iter().filter(|row| row.query == HIDDEN).count();
    if hidden > 0 {
        probe.found([missing_privilege(
            "the statements of other roles",
            &format!("{hidden} statements of this database are hidden"),
            "GRANT pg_read_all_stats to the role of the diagnosis, if other roles use the histories",
        )]);
    }
    let statements: Vec<_> = rows.iter().filter_map(facts).collect();
    probe.found(statements.iter().filter_map(judge));
    Ok(Some(statements))
}

/// Returns `None` for statements that do not belong to an operation of the port.
fn facts(row: &Row) -> Option<StatementFacts> {
    Some(StatementFacts {
        operation: operation_of(&row.query)?.name(),
        calls: unsigned(row.calls),
        rows: unsigned(row.rows),
        mean_ms: row.mean_ms,
        longest_ms: row.longest_ms,
        total_ms: row.total_ms,
    })
}

fn uncounted(evidence: &str) -> Finding {
    FindingCode::PgStatStatementsMissing.finding(
        Severity::Notice,
        "slow statements cannot be found: the server does not collect statement statistics",
        evidence,
        "add pg_stat_statements to shared_preload_libraries, restart the server, and run CREATE EXTENSION \
         pg_stat_statements in this database as a superuser",
    )
}

/// Average from which a statement is slow. A frequent operation takes a few milliseconds, whatever
/// the size of the store.
const SLOW_MS: f64 = 100.0;

/// Fewer calls than this are not representative.
const ENOUGH: u64 = 20;

/// The cost of these grows with the store.
const LONG: [&str; 4] = [
    "task_history.list_all",
    "task_history.count",
    "task_history.expired",
    "task_history.remove_expired",
];

fn judge(statement: &StatementFacts) -> Option<Finding> {
    let operation = statement.operation;
    let slow = statement.mean_ms >= SLOW_MS && statement.calls >= ENOUGH;
    (slow && !LONG.contains(&operation)).then(|| {
        let (_context, short) = operation.rsplit_once('.').unwrap_or(("", operation));
        FindingCode::SlowStatement.finding(
            Severity::Warning,
            format!("{operation} is slow"),
            format!(
                "{:.1} ms on average over {} calls, {:.1} ms at most",
                statement.mean_ms, statement.calls, statement.longest_ms
            ),
            format!(
                "check its plan with tasktrail explain {short}, missing and bloated indexes, and the load of \
                 the server"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(operation: &'static str, mean_ms: f64, calls: u64) -> StatementFacts {
        StatementFacts {
            operation,
            calls,
            rows: 0,
            mean_ms,
            longest_ms: 2.0 * mean_ms,
            total_ms: 0.0,
        }
    }

    #[test]
    fn frequent_statement_is_slow_by_its_average() {
        let slow = judge(&statement("task_history.load", 100.0, 20)).unwrap();

        assert_eq!(slow.code, FindingCode::SlowStatement);
        assert!(slow.advice.contains("tasktrail explain load"), "{slow:?}");
        assert_eq!(judge(&statement("task_history.load", 99.0, 20)), None);
        assert_eq!(judge(&statement("task_history.load", 100.0, 19)), None);
        assert_eq!(judge(&statement("task_history.count", 9999.0, 99)), None);
    }
}
