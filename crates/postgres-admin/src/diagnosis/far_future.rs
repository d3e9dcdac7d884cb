//! Tasks that are dated ahead of the server's clock.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text, Timestamptz};

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;
use super::tables::TableFacts;

/// One of the tasks that are dated furthest ahead.
#[derive(QueryableByName)]
struct Ahead {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    task_id: String,
    #[diesel(sql_type = Timestamptz)]
    last_updated: DateTime<Utc>,
    /// Number of all such tasks.
    #[diesel(sql_type = BigInt)]
    tasks: i64,
}

pub(super) async fn look(probe: &mut Probe, tables: &[TableFacts]) -> Result<(), DiagnosisError> {
    if tables.is_empty() {
        return Ok(());
    }
    let query = diesel::sql_query(include_str!("sql/far_future.sql"));
    let ahead: Option<Vec<Ahead>> = probe.query("the tasks dated in the future", query).await?;
    probe.found(judge(&ahead.unwrap_or_default()));
    Ok(())
}

fn judge(ahead: &[Ahead]) -> Option<Finding> {
    let furthest = ahead.first()?;
    let named = ahead.iter().map(|task| {
        let at = task.last_updated.format("%Y-%m-%dT%H:%M:%SZ");
        format!("{}/{} at {at}", task.user_id, task.task_id)
    });
    Some(FindingCode::FarFuture.finding(
        Severity::Warning,
        format!(
            "{} tasks are dated more than a day ahead, and do not expire before that time",
            furthest.tasks
        ),
        format!(
            "dated furthest ahead: {}",
            named.collect::<Vec<_>>().join(", ")
        ),
        "correct the clock of the service that saves them, and remove them with the SQL in \
         docs/OPERATIONS.md, section \"Future-dated entries\"",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_tasks_are_named_with_their_dates() {
        let task = |id: &str, at: &str| Ahead {
            user_id: "alice".to_owned(),
            task_id: id.to_owned(),
            last_updated: at.parse().unwrap(),
            tasks: 7,
        };
        let ahead = [
            task("a", "2400-01-01T00:00:00Z"),
            task("b", "2300-01-01T00:00:00Z"),
        ];

        let found = judge(&ahead).unwrap();

        assert!(found.summary.starts_with("7 tasks "), "{found:?}");
        let named = "dated furthest ahead: alice/a at 2400-01-01T00:00:00Z, \
                     alice/b at 2300-01-01T00:00:00Z";
        assert_eq!(found.evidence, named);
        assert_eq!(judge(&[]), None);
    }
}
