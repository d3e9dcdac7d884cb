//! The policy of scheduled maintenance, from the settings in the section `retention`.

use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::task_history::{RetentionRule, StatusSet, TaskStatus};

use super::layer::Settings;
use super::parse::{count, duration, flag, schedule};
use crate::maintenance_policy::{DailyAt, MaintenancePolicy, Schedule};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest age. A number without a unit is in seconds, so this refuses a number that was meant
/// as days: no task is removed early because its unit was forgotten.
const SHORTEST: Duration = DAY;
const LONGEST: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

const KEEP_NEWEST: &str = "retention.keep_newest";
const KEEP_UNFINISHED: &str = "retention.keep_unfinished";
const SCHEDULE: &str = "retention.schedule";
const TIME_BUDGET: &str = "retention.time_budget";

/// The setting with the age at which tasks of a status are removed.
fn age_of(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Pending => "retention.pending",
        TaskStatus::Running => "retention.running",
        TaskStatus::Completed => "retention.completed",
        TaskStatus::Cancelled => "retention.cancelled",
        TaskStatus::TimedOut => "retention.timed_out",
        TaskStatus::Failed => "retention.failed",
    }
}

/// Returns the policy; `None` if no status has an age, so that nothing is removed. Adds a value to
/// `refused` for every setting that is out of range or has no effect.
pub(super) fn policy(
    settings: &Settings,
    refused: &mut Vec<InvalidValue>,
) -> Option<MaintenancePolicy> {
    let rules = rules(settings, refused);
    if rules.is_empty() {
        // An age that cannot be read is reported as such.
        let is_given = |status| settings.text(age_of(status)).is_some();
        if !TaskStatus::ALL.into_iter().any(is_given) {
            refused.extend(without_effect(settings));
        }
        return None;
    }
    let mut policy = MaintenancePolicy::new(when(settings, refused)?);
    policy.rules = rules;
    if let Some(budget) = settings.read(TIME_BUDGET, duration) {
        refused.extend(InvalidValue::outside(TIME_BUDGET, budget, MINUTE, DAY));
        policy.time_budget = budget;
    }
    Some(policy)
}

/// One rule for each age, because each rule examines every task. They keep the same newest tasks.
fn rules(settings: &Settings, refused: &mut Vec<InvalidValue>) -> Vec<RetentionRule> {
    let keep = settings.read(KEEP_NEWEST, count).unwrap_or_default();
    refused.extend(InvalidValue::outside(KEEP_NEWEST, keep, 0, 1_000_000));
    let keep_unfinished = settings.read(KEEP_UNFINISHED, flag).unwrap_or(true);
    let mut rules: Vec<RetentionRule> = Vec::new();
    for status in TaskStatus::ALL {
        let name = age_of(status);
        let Some(age) = settings.read(name, duration) else {
            continue;
        };
        refused.extend(InvalidValue::outside(name, age, SHORTEST, LONGEST));
        match rules.iter_mut().find(|rule| rule.older_than == age) {
            Some(rule) => {
                rule.statuses = StatusSet::only(rule.statuses.iter().chain([status]));
            }
            None => rules.push(
                RetentionRule::older_than(age)
                    .with_statuses(status)
                    .with_keep_unfinished(keep_unfinished)
                    .with_keep_newest(keep.into()),
            ),
        }
    }
    rules
}

/// Daily at 03:00 UTC by default.
fn when(settings: &Settings, refused: &mut Vec<InvalidValue>) -> Option<Schedule> {
    let Some(schedule) = settings.read(SCHEDULE, schedule) else {
        return DailyAt::utc(3, 0).ok().map(Schedule::Daily);
    };
    if let Schedule::Every(interval) = schedule {
        refused.extend(InvalidValue::outside(SCHEDULE, interval, MINUTE, 7 * DAY));
    }
    Some(schedule)
}

/// Settings that an operator may have expected to remove something.
fn without_effect(settings: &Settings) -> impl Iterator<Item = InvalidValue> {
    [KEEP_NEWEST, KEEP_UNFINISHED, SCHEDULE, TIME_BUDGET]
        .into_iter()
        .filter_map(|name| {
            let given = settings.text(name)?;
            let allowed = "set together with an age, such as retention.completed";
            Some(InvalidValue::text(name, allowed, given))
        })
}
