//! Cleanups, estimates and scheduled maintenance through the manager.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

#[path = "maintenance/orchestration.rs"]
mod orchestration;

use std::sync::Arc;
use std::time::Duration;

use tasktrail::clock::{Clock, ManualClock};
use tasktrail::id::RandomIdGenerator;
use tasktrail::task_history::{
    ExpiredCounts, FinalStatus, RetentionPolicy, RetentionRule, Scope, StepNumber, TaskStatus,
    TaskStepResult,
};
use tasktrail::timestamp::Timestamp;
use tasktrail::{
    CleanupOptions, DailyAt, DatabaseConfig, DatabaseError, DatabaseManager, MaintenancePolicy,
    MaintenanceStep, Schedule,
};
use tasktrail::{TaskKey, UserId};
use tasktrail_test_support::TestDatabase;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-02-20T01:00:00Z".parse().unwrap()))
}

fn in_memory(clock: &Arc<ManualClock>) -> DatabaseManager {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    DatabaseManager::in_memory_with(clock, Arc::new(RandomIdGenerator::default()))
}

async fn on_postgres(database: &TestDatabase, clock: &Arc<ManualClock>) -> DatabaseManager {
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    let config = DatabaseConfig::from_url(database.url()).unwrap();
    let manager = DatabaseManager::new_with(config, clock, Arc::new(RandomIdGenerator::default()));
    manager.connect().await.unwrap();
    manager
}

async fn save(manager: &DatabaseManager, task: &str, status: TaskStatus) -> TaskKey {
    let task = TaskKey::new("alice", task).unwrap();
    let result = TaskStepResult::builder("fetch", status).build().unwrap();
    let step = StepNumber::from(1);
    manager
        .save_task_history(&task, step, result)
        .await
        .unwrap();
    task
}

async fn finish(manager: &DatabaseManager, task: &TaskKey) {
    let finished = manager.finish_task(task, FinalStatus::Completed).await;
    finished.unwrap();
}

fn monthly(schedule: Schedule) -> MaintenancePolicy {
    MaintenancePolicy::new(schedule).with_rule(RetentionRule::older_than(30 * DAY))
}

fn before(clock: &ManualClock, age: Duration) -> Timestamp {
    clock.now().saturating_sub(age)
}

#[tokio::test(start_paused = true)]
async fn old_finished_tasks_are_removed_on_schedule() {
    let clock = clock();
    let manager = in_memory(&clock);
    let done = save(&manager, "done", TaskStatus::Completed).await;
    finish(&manager, &done).await;
    let stuck = save(&manager, "stuck", TaskStatus::Running).await;
    // Says completed, but its worker may have died before the next step.
    let unfinished = save(&manager, "unfinished", TaskStatus::Completed).await;
    let mut maintenance = manager.maintenance(monthly(Schedule::Every(DAY))).unwrap();

    // The first run starts immediately, and no task is old enough yet.
    assert!(maintenance.next_run().await);
    assert!(manager.check_task_status(&done).await.unwrap().is_some());
    clock.advance(31 * DAY);
    assert!(maintenance.next_run().await);

    assert_eq!(maintenance.runs(), 2);
    let report = maintenance.last_run(|run| run.unwrap().as_ref().unwrap().cleaned_up.clone());
    assert_eq!(
        (report.tasks, report.entries, report.complete),
        (1, 1, true)
    );
    assert_eq!(manager.check_task_status(&done).await.unwrap(), None);
    for kept in [stuck, unfinished] {
        assert!(manager.check_task_status(&kept).await.unwrap().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn daily_schedule_uses_the_clock_of_the_manager() {
    let clock = clock();
    let manager = in_memory(&clock);
    let at_three = Schedule::Daily(DailyAt::utc(3, 0).unwrap());
    let mut maintenance = manager.maintenance(monthly(at_three)).unwrap();

    // Sleeping is not enough: the manual clock does not advance.
    let early = tokio::time::timeout(5 * DAY, maintenance.next_run()).await;
    clock.advance(Duration::from_secs(2 * 60 * 60));

    assert!(early.is_err());
    assert!(maintenance.next_run().await);
    assert_eq!(maintenance.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn maintenance_stops_when_the_manager_is_closed() {
    let clock = clock();
    let manager = in_memory(&clock);
    let policy = || monthly(Schedule::Every(DAY));
    let mut maintenance = manager.maintenance(policy()).unwrap();
    assert!(maintenance.next_run().await);

    manager.close().await;

    assert!(!maintenance.next_run().await);
    let refused = manager.maintenance(policy()).unwrap_err();
    assert!(matches!(refused, DatabaseError::Closed));
    manager.connect().await.unwrap();
    let again = manager.maintenance(policy()).unwrap();
    again.stop().await;
}

#[tokio::test(start_paused = true)]
async fn cleanup_without_time_budget_left_is_incomplete() {
    let clock = clock();
    let manager = in_memory(&clock);
    save(&manager, "done", TaskStatus::Completed).await;
    let policy = RetentionPolicy::every_task_before(Timestamp::MAX);
    let none = CleanupOptions::default().with_time_budget(Duration::ZERO);

    let nothing = manager.clean_up(&policy, &none, |_| {}).await.unwrap();
    let rest = manager
        .clean_up(&policy, &CleanupOptions::default(), |_| {})
        .await
        .unwrap();

    assert_eq!((nothing.tasks, nothing.complete), (0, false));
    assert_eq!((rest.tasks, rest.complete), (1, true));
}

#[tokio::test]
async fn estimate_counts_expired_and_stuck_tasks() {
    let (database, clock) = (TestDatabase::new(), clock());
    let manager = on_postgres(&database, &clock).await;
    for n in 0..20 {
        save(&manager, &format!("done-{n}"), TaskStatus::Failed).await;
    }
    save(&manager, "stuck", TaskStatus::Pending).await;
    clock.advance(31 * DAY);
    save(&manager, "new", TaskStatus::Running).await;
    let policy = RetentionPolicy::terminal_before(before(&clock, 30 * DAY));

    let estimate = manager.estimate_cleanup(&policy).await.unwrap();
    let everything = RetentionPolicy::every_task_before(before(&clock, 30 * DAY));
    let all = manager.estimate_cleanup(&everything).await.unwrap();
    // "new" and "stuck" are the newest by last activity and task id.
    let keeping = policy.clone().with_keep_newest(2);
    let kept = manager.estimate_cleanup(&keeping).await.unwrap();

    assert_eq!((estimate.expired.tasks, estimate.expired.entries), (20, 20));
    assert_eq!((estimate.stuck.tasks, estimate.stuck.entries), (1, 1));
    assert!(estimate.bytes.unwrap() > 0);
    assert_eq!((kept.expired.tasks, kept.stuck.tasks), (20, 0));
    assert_eq!((all.expired.tasks, all.stuck.tasks), (21, 0));
    assert_eq!(estimate.unfinished, ExpiredCounts::default());
    let one = TaskKey::new("alice", "done-7").unwrap();
    let port = manager.task_history().unwrap();
    let then = before(&clock, 31 * DAY);
    port.finish(&one, FinalStatus::Failed, then).await.unwrap();
    let default = RetentionRule::older_than(30 * DAY).at(clock.now());
    let estimate = manager.estimate_cleanup(&default).await.unwrap();
    assert_eq!((estimate.expired.tasks, estimate.stuck.tasks), (1, 1));
    assert_eq!(
        (estimate.unfinished.tasks, estimate.unfinished.entries),
        (19, 19)
    );
}

#[tokio::test]
async fn one_process_at_a_time_creates_and_drops_partitions() {
    let (database, clock) = (TestDatabase::new(), clock());
    let manager = on_postgres(&database, &clock).await;
    manager.partition(1).await.unwrap();
    let done = save(&manager, "done", TaskStatus::Completed).await;
    finish(&manager, &done).await;
    clock.advance(60 * DAY);
    let stuck = save(&manager, "stuck", TaskStatus::Running).await;
    let policy = monthly(Schedule::Every(DAY)).with_months_ahead(2);
    let other = on_postgres(&database, &clock).await;

    let (one, two) = tokio::join!(
        manager.run_maintenance(&policy),
        other.run_maintenance(&policy)
    );

    let runs = [one.unwrap(), two.unwrap()];
    let total: u64 = runs.iter().map(|run| run.cleaned_up.tasks).sum();
    assert_eq!(total, 1, "{runs:?}");
    let run = runs.iter().find(|run| run.cleaned_up.tasks == 1).unwrap();
    assert!(!run.skipped);
    assert_eq!(run.cleaned_up.partitions, ["task_history_before_2026_03"]);
    assert_eq!(run.made.last().unwrap(), "task_history_from_2026_07");
    assert_eq!(manager.check_task_status(&done).await.unwrap(), None);
    assert!(manager.check_task_status(&stuck).await.unwrap().is_some());
    manager.close().await;
    let closed = manager.run_maintenance(&policy).await.unwrap_err();
    assert!(matches!(closed, DatabaseError::Closed));
}

/// Makes every removal of a task of alice fail.
const REFUSE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''this task must be kept''; END';
    CREATE TRIGGER refuse BEFORE DELETE ON task_summary
    FOR EACH ROW WHEN (OLD.user_id = 'alice') EXECUTE FUNCTION refuse()";

#[tokio::test]
async fn failed_rule_does_not_stop_other_rules_and_partitions() {
    let (database, clock) = (TestDatabase::new(), clock());
    let manager = on_postgres(&database, &clock).await;
    manager.partition(1).await.unwrap();
    let alices = save(&manager, "a", TaskStatus::Completed).await;
    let bobs = TaskKey::new("bob", "b").unwrap();
    let done = TaskStepResult::builder("fetch", TaskStatus::Completed);
    manager
        .save_task_history(&bobs, StepNumber::from(1), done.build().unwrap())
        .await
        .unwrap();
    for task in [&alices, &bobs] {
        finish(&manager, task).await;
    }
    database.execute(REFUSE).unwrap();
    clock.advance(60 * DAY);
    let of = |user: &str| {
        RetentionRule::older_than(30 * DAY)
            .with_scope(Scope::User(UserId::new(user.to_owned()).unwrap()))
    };
    let policy = MaintenancePolicy::new(Schedule::Every(DAY))
        .with_months_ahead(2)
        .with_rule(of("alice"))
        .with_rule(of("bob"));

    let run = manager.run_maintenance(&policy).await.unwrap();

    let [failure] = run.failures.as_slice() else {
        panic!("one rule fails: {run:?}");
    };
    assert_eq!(failure.step, MaintenanceStep::Rule(0));
    let error = tasktrail::repository::ErrorChain(&*failure.error).to_string();
    assert!(error.contains("this task must be kept"), "{error}");
    assert_eq!(run.cleaned_up.tasks, 1);
    assert!(!run.made.is_empty(), "{run:?}");
    assert_eq!(manager.check_task_status(&bobs).await.unwrap(), None);
    assert!(manager.check_task_status(&alices).await.unwrap().is_some());
    let mut maintenance = manager.maintenance(policy).unwrap();
    assert!(maintenance.next_run().await);
    let failures = maintenance.last_run(|run| run.unwrap().as_ref().unwrap().failures.len());
    assert_eq!(failures, 1);
}
