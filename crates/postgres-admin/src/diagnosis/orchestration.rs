//! Whether agents, tasks and executions fit together.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;
use super::tables::TableFacts;

/// A claim looks at each set of required capabilities that the agent fits.
const MANY_QUEUES: i64 = 1000;

/// A kind of violation.
#[derive(QueryableByName)]
struct Violation {
    #[diesel(sql_type = Text)]
    problem: String,
    #[diesel(sql_type = BigInt)]
    violations: i64,
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct Queues {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = BigInt)]
    queues: i64,
}

pub(super) async fn look(probe: &mut Probe, tables: &[TableFacts]) -> Result<(), DiagnosisError> {
    if !tables.iter().any(|table| table.name == "task_state") {
        return Ok(());
    }
    let query = diesel::sql_query(include_str!("sql/orchestration.sql"));
    let violations: Option<Vec<Violation>> = probe.query("agents and tasks", query).await?;
    probe.found(judge(&violations.unwrap_or_default()));
    let query = diesel::sql_query(include_str!("sql/queues.sql"));
    let queues: Option<Vec<Queues>> = probe.query("the required capabilities", query).await?;
    probe.found(queues.unwrap_or_default().first().and_then(judge_queues));
    Ok(())
}

fn judge(violations: &[Violation]) -> Option<Finding> {
    let each = violations.iter().map(|found| {
        let Violation {
            problem,
            violations,
            user_id,
            id,
        } = found;
        format!("{violations} {problem}, such as {user_id}/{id}")
    });
    let evidence: Vec<String> = each.collect();
    (!evidence.is_empty()).then(|| {
        FindingCode::InconsistentOrchestration.finding(
            Severity::Critical,
            "agents, tasks and executions do not fit together",
            evidence.join("; "),
            "find out who changed the tables without Tasktrail, and report it if nobody did",
        )
    })
}

fn judge_queues(queues: &Queues) -> Option<Finding> {
    (queues.queues > MANY_QUEUES).then(|| {
        FindingCode::ManyQueues.finding(
            Severity::Warning,
            "the tasks of an owner have many different required capabilities, and each claim looks at \
             all that its agent fits",
            format!("{} of {}", queues.queues, queues.user_id),
            "put what differs from task to task into the requirements instead",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_violation_is_named_with_an_example() {
        let found = judge(&[Violation {
            problem: "tasks have two open executions".to_owned(),
            violations: 2,
            user_id: "acme".to_owned(),
            id: "build".to_owned(),
        }]);

        let evidence = "2 tasks have two open executions, such as acme/build";
        assert_eq!(found.unwrap().evidence, evidence);
        assert_eq!(judge(&[]), None);
    }

    #[test]
    fn more_than_a_thousand_queues_are_many() {
        let queues = |queues| Queues {
            user_id: "acme".to_owned(),
            queues,
        };

        assert_eq!(judge_queues(&queues(1000)), None);
        assert!(judge_queues(&queues(1001)).is_some());
    }
}
