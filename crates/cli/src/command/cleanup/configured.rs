//! A cleanup with the retention rules of the configuration.

use std::time::{Duration, Instant};

use serde::Serialize;
use tasktrail::task_history::{RetentionRule, TaskStatus};

use super::answer::{Answer, period};
use super::removal::Removal;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Serialize)]
struct Answers {
    rules: Vec<OfRule>,
}

#[derive(Serialize)]
struct OfRule {
    statuses: Vec<TaskStatus>,
    older_than_s: u64,
    #[serde(flatten)]
    answer: Answer,
}

/// The rules of the configuration; fails if there is none.
pub(super) fn rules(global: &Global) -> Result<Vec<RetentionRule>, Failure> {
    let config = connection::config(global)?;
    let policy = config.maintenance().ok_or_else(|| {
        let words = "no retention is configured: set `retention.completed` \
                     (TASKTRAIL_RETENTION_COMPLETED) or the age of another status, or pass --days";
        Failure::Usage(words.to_owned())
    })?;
    Ok(policy.rules.clone())
}

/// Applies the rules one after the other, until one fails. They share the time budget.
pub(super) async fn clean_up(
    removal: &Removal<'_>,
    rules: &[RetentionRule],
    time_budget: Option<Duration>,
    output: &mut Output,
) -> Result<(), Failure> {
    let began = Instant::now();
    let mut answers = Answers { rules: Vec::new() };
    let mut outcome = Ok(());
    for rule in rules {
        let left = |budget: Duration| budget.saturating_sub(began.elapsed());
        let answer = match removal.apply(rule, time_budget.map(left)).await {
            Ok(answer) => answer,
            // What the earlier rules have removed must be reported.
            Err(failure) => {
                outcome = Err(failure);
                break;
            }
        };
        let statuses: Vec<_> = rule.statuses.iter().collect();
        if !output.is_json() {
            let names: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
            let age = period(rule.older_than);
            output.line(format_args!("{} for {age}:", names.join(" or ")))?;
            answer.print(output)?;
        }
        answers.rules.push(OfRule {
            statuses,
            older_than_s: rule.older_than.as_secs(),
            answer,
        });
    }
    if output.is_json() {
        output.json(&answers)?;
    }
    outcome
}
