//! Retention in the configuration: what an operator sets, and that nothing else removes anything.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail::clock::{Clock, ManualClock};
use tasktrail::id::RandomIdGenerator;
use tasktrail::task_history::{RetentionRule, StatusSet, TaskStatus, TaskStepResult};
use tasktrail::{
    ConfigError, DailyAt, DatabaseConfig, DatabaseManager, MaintenancePolicy, Schedule, TaskKey,
};
use tasktrail_test_support::TestDatabase;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn load(variables: &[(&'static str, &'static str)]) -> Result<DatabaseConfig, ConfigError> {
    DatabaseConfig::sources()
        .variables([("DATABASE_URL", "postgres://h/d")])
        .variables(variables.iter().copied())
        .load()
}

/// The only problem of a configuration.
fn problem(variables: &[(&'static str, &'static str)]) -> String {
    load(variables).unwrap_err().to_string()
}

#[test]
fn nothing_is_removed_unless_an_age_is_set() {
    assert_eq!(load(&[]).unwrap().maintenance(), None);
    let in_memory = DatabaseManager::in_memory();
    assert!(in_memory.maintenance_as_configured().unwrap().is_none());
}

#[test]
fn ages_become_rules_that_share_the_other_settings() {
    let config = load(&[
        ("TASKTRAIL_RETENTION_COMPLETED", "90d"),
        ("TASKTRAIL_RETENTION_FAILED", "1y"),
        ("TASKTRAIL_RETENTION_CANCELLED", "2160h"),
        ("TASKTRAIL_RETENTION_KEEP_NEWEST", "100"),
        ("TASKTRAIL_RETENTION_KEEP_UNFINISHED", "false"),
        ("TASKTRAIL_RETENTION_SCHEDULE", "6h"),
        ("TASKTRAIL_RETENTION_TIME_BUDGET", "30m"),
    ])
    .unwrap();

    let rule = |age, statuses| {
        RetentionRule::older_than(age)
            .with_statuses(StatusSet::only(statuses))
            .with_keep_unfinished(false)
            .with_keep_newest(100)
    };
    let expected = MaintenancePolicy::new(Schedule::Every(6 * HOUR))
        .with_rule(rule(
            90 * DAY,
            vec![TaskStatus::Completed, TaskStatus::Cancelled],
        ))
        .with_rule(rule(365 * DAY + 6 * HOUR, vec![TaskStatus::Failed]))
        .with_time_budget(HOUR / 2);
    assert_eq!(config.maintenance(), Some(&expected));
}

#[test]
fn defaults_are_daily_at_three_within_an_hour() {
    let config = load(&[("TASKTRAIL_RETENTION_TIMED_OUT", "1d")]).unwrap();

    let daily = Schedule::Daily(DailyAt::utc(3, 0).unwrap());
    let rule = RetentionRule::older_than(DAY).with_statuses(TaskStatus::TimedOut);
    let expected = MaintenancePolicy::new(daily).with_rule(rule);
    assert_eq!(expected.time_budget, HOUR);
    assert_eq!(config.maintenance(), Some(&expected));
}

#[test]
fn number_of_days_without_a_unit_is_refused() {
    assert_eq!(
        problem(&[("TASKTRAIL_RETENTION_COMPLETED", "90")]),
        "TASKTRAIL_RETENTION_COMPLETED: retention.completed must be between 86400s and \
         3153600000s, got \"90\""
    );
    assert_eq!(
        problem(&[("TASKTRAIL_RETENTION_SCHEDULE", "25:00")]),
        "TASKTRAIL_RETENTION_SCHEDULE: retention.schedule must be a time of day in UTC like \
         03:30, or an interval from 1m to 7d, got \"25:00\""
    );
}

#[test]
fn settings_without_an_age_are_refused() {
    assert_eq!(
        problem(&[("TASKTRAIL_RETENTION_KEEP_NEWEST", "100")]),
        "TASKTRAIL_RETENTION_KEEP_NEWEST: retention.keep_newest must be set together with an age, \
         such as retention.completed, got \"100\""
    );
}

#[test]
fn code_replaces_the_settings() {
    let config = load(&[("TASKTRAIL_RETENTION_COMPLETED", "90d")]).unwrap();

    assert_eq!(config.with_maintenance(None).maintenance(), None);
}

#[tokio::test]
async fn configured_maintenance_removes_what_has_expired() {
    let database = TestDatabase::new();
    let config = DatabaseConfig::sources()
        .set("url", database.url())
        .set("retention.completed", "30d")
        .set("retention.keep_unfinished", "false")
        .set("retention.schedule", "7d")
        .load()
        .unwrap();
    let clock = Arc::new(ManualClock::at("2026-02-20T01:00:00Z".parse().unwrap()));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let ids = Arc::new(RandomIdGenerator::default());
    let manager = DatabaseManager::new_with(config, shared, ids);
    manager.connect().await.unwrap();
    let mut tasks = Vec::new();
    for status in [TaskStatus::Completed, TaskStatus::Failed] {
        let task = TaskKey::new("alice", status.as_str()).unwrap();
        let step = TaskStepResult::builder("fetch", status).build().unwrap();
        let saved = manager.save_task_history(&task, 0.into(), step);
        saved.await.unwrap();
        tasks.push(task);
    }
    clock.advance(31 * DAY);

    let mut maintenance = manager.maintenance_as_configured().unwrap().unwrap();
    assert!(maintenance.next_run().await);

    let [completed, failed] = tasks.as_slice() else {
        unreachable!()
    };
    assert_eq!(manager.check_task_status(completed).await.unwrap(), None);
    assert!(manager.check_task_status(failed).await.unwrap().is_some());
}
