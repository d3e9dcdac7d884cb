//! Retention of ended tasks in scheduled maintenance.

use std::time::Duration;

use tasktrail::clock::Clock;
use tasktrail::orchestration::TaskState;
use tasktrail::orchestration::audit::{AuditEntry, AuditFilter};
use tasktrail::orchestration::task::{CancelScope, TaskPlan, TaskRetention, TaskRetentionRule};
use tasktrail::repository::{ErrorChain, PageRequest, PageSize};
use tasktrail::task_history::{RetentionRule, Scope, TaskStatus};
use tasktrail::{
    CleanupOptions, DatabaseManager, MaintenancePolicy, MaintenanceRun, MaintenanceStep,
    Orchestrator, Schedule, TaskKey, UserId,
};
use tasktrail_test_support::TestDatabase;

use super::{DAY, clock, in_memory, on_postgres};

fn key(user: &str, task: &str) -> TaskKey {
    TaskKey::new(user.to_owned(), task.to_owned()).unwrap()
}

fn orchestrator(manager: &DatabaseManager) -> Orchestrator<'static> {
    manager
        .orchestration("service:release".parse().unwrap())
        .unwrap()
}

/// Creates the tasks build and test, which starts after the end of build.
async fn plan(manager: &DatabaseManager, user: &str) {
    let plan: TaskPlan = serde_json::from_str(
        r#"{"tasks": [{"id": "build", "title": "Build"},
                      {"id": "test", "title": "Test",
                       "dependencies": [{"task_id": "build", "when": "end"}]}]}"#,
    )
    .unwrap();
    let user = UserId::new(user.to_owned()).unwrap();
    orchestrator(manager).create(&user, &plan).await.unwrap();
}

async fn cancel(manager: &DatabaseManager, task: &TaskKey) {
    let cancelled = orchestrator(manager).cancel(task, CancelScope::Task).await;
    cancelled.unwrap();
}

async fn exists(manager: &DatabaseManager, task: &TaskKey) -> bool {
    let ports = manager.orchestration_ports().unwrap();
    ports.tasks.get(task).await.unwrap().is_some()
}

async fn entries(manager: &DatabaseManager, user: &UserId) -> Vec<AuditEntry> {
    let ports = manager.orchestration_ports().unwrap();
    let (filter, page) = (AuditFilter::default(), PageRequest::default());
    let listed = ports.audit_log.list(user, &filter, &page).await;
    listed.unwrap().items
}

fn policy(rule: TaskRetentionRule) -> MaintenancePolicy {
    MaintenancePolicy::new(Schedule::Every(DAY)).with_orchestration_rule(rule)
}

fn last(run: Option<&Result<MaintenanceRun, tasktrail::DatabaseError>>) -> (u64, bool) {
    let run = run.unwrap().as_ref().unwrap();
    (run.orchestration.tasks, run.orchestration.complete)
}

#[tokio::test(start_paused = true)]
async fn ended_tasks_are_removed_on_schedule_unless_an_open_task_needs_them() {
    let clock = clock();
    let manager = in_memory(&clock);
    plan(&manager, "alice").await;
    let (build, test) = (key("alice", "build"), key("alice", "test"));
    cancel(&manager, &build).await;
    let policy = policy(TaskRetentionRule::older_than(30 * DAY));
    let mut maintenance = manager.maintenance(policy).unwrap();

    // Open tasks and those that they need are kept at any age.
    assert!(maintenance.next_run().await);
    clock.advance(31 * DAY);
    assert!(maintenance.next_run().await);
    assert_eq!(maintenance.last_run(last), (0, true));
    // Not old enough.
    cancel(&manager, &test).await;
    let entries_before = entries(&manager, &build.user).await;
    assert!(maintenance.next_run().await);
    let after_the_end = maintenance.last_run(last);
    clock.advance(31 * DAY);
    assert!(maintenance.next_run().await);

    assert_eq!(after_the_end, (1, true));
    assert_eq!(maintenance.last_run(last), (1, true));
    assert!(!exists(&manager, &build).await && !exists(&manager, &test).await);
    for task in [&build, &test] {
        let kept = manager.check_task_status(task).await.unwrap();
        assert_eq!(kept, Some(TaskStatus::Cancelled));
    }
    assert_eq!(entries(&manager, &build.user).await, entries_before);
}

#[tokio::test(start_paused = true)]
async fn run_without_time_budget_left_is_incomplete() {
    let clock = clock();
    let manager = in_memory(&clock);
    plan(&manager, "alice").await;
    cancel(&manager, &key("alice", "test")).await;
    clock.advance(DAY);
    let rule = TaskRetentionRule::older_than(Duration::ZERO);
    let policy = policy(rule);

    let none = policy.clone().with_time_budget(Duration::ZERO);
    let nothing = manager.run_maintenance(&none).await.unwrap();
    let rest = manager.run_maintenance(&policy).await.unwrap();

    assert_eq!(last(Some(&Ok(nothing))), (0, false));
    assert_eq!(last(Some(&Ok(rest))), (1, true));
}

#[tokio::test]
async fn cleanup_removes_batch_by_batch() {
    let (database, clock) = (TestDatabase::new(), clock());
    let manager = on_postgres(&database, &clock).await;
    for user in ["alice", "bob", "carol"] {
        plan(&manager, user).await;
        for task in ["build", "test"] {
            cancel(&manager, &key(user, task)).await;
        }
    }
    let before = clock.now().saturating_add(DAY);
    let retention = TaskRetention::ended_before(Scope::Everyone, before);
    let batches = CleanupOptions::default().with_batch_tasks(PageSize::new(4).unwrap());
    let mut totals = Vec::new();

    let report = manager
        .clean_up_orchestration(&retention, &batches, |report| totals.push(report.tasks))
        .await;

    assert_eq!(totals, [4, 6]);
    let report = report.unwrap();
    assert_eq!((report.tasks, report.complete), (6, true));
}

/// Makes every removal of a task of alice fail.
const REFUSE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''this task must be kept''; END';
    CREATE TRIGGER refuse BEFORE DELETE ON task
    FOR EACH ROW WHEN (OLD.user_id = 'alice') EXECUTE FUNCTION refuse()";

#[tokio::test]
async fn failed_rule_does_not_stop_the_other_rules() {
    let (database, clock) = (TestDatabase::new(), clock());
    let manager = on_postgres(&database, &clock).await;
    for user in ["alice", "bob"] {
        plan(&manager, user).await;
        cancel(&manager, &key(user, "test")).await;
    }
    database.execute(REFUSE).unwrap();
    clock.advance(60 * DAY);
    let rule = || TaskRetentionRule::older_than(30 * DAY);
    let of = |user: &str| rule().with_scope(Scope::User(UserId::new(user.to_owned()).unwrap()));
    let policy = policy(rule().with_states(TaskState::Completed))
        .with_orchestration_rule(of("alice"))
        .with_orchestration_rule(of("bob"))
        .with_rule(RetentionRule::older_than(30 * DAY));

    let run = manager.run_maintenance(&policy).await.unwrap();

    let [failure] = run.failures.as_slice() else {
        panic!("one rule fails: {run:?}");
    };
    assert_eq!(failure.step, MaintenanceStep::OrchestrationRule(1));
    assert_eq!(failure.step.to_string(), "orchestration rule 1");
    let error = ErrorChain(&*failure.error).to_string();
    assert!(error.contains("this task must be kept"), "{error}");
    assert_eq!((run.orchestration.tasks, run.cleaned_up.tasks), (1, 2));
    assert!(exists(&manager, &key("alice", "test")).await);
    assert!(!exists(&manager, &key("bob", "test")).await);
    assert!(exists(&manager, &key("bob", "build")).await);
}
