//! Orchestration through the manager: actors, notes, the context of writes, and reaping.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step of a test is a panic"
)]

use std::sync::Arc;
use std::time::Duration;

use tasktrail::clock::{Clock, ManualClock};
use tasktrail::id::RandomIdGenerator;
use tasktrail::orchestration::agent::{AgentDescription, HeartbeatOutcome};
use tasktrail::orchestration::audit::AuditFilter;
use tasktrail::orchestration::dispatch::{
    AttemptResult, ClaimLimit, ClaimOutcome, Report, ReportOutcome,
};
use tasktrail::orchestration::task::{CancelScope, TaskPlan};
use tasktrail::orchestration::{AgentKey, TaskState};
use tasktrail::repository::PageRequest;
use tasktrail::task_history::TaskStatus;
use tasktrail::{
    DatabaseError, DatabaseManager, MaintenancePolicy, Orchestrator, RegisteredAgent, Schedule,
    TaskKey, UserId,
};

fn owner() -> UserId {
    UserId::new("default").unwrap()
}

fn task(id: &str) -> TaskKey {
    TaskKey::new("default", id).unwrap()
}

fn orchestrator(manager: &DatabaseManager) -> Orchestrator<'static> {
    manager
        .orchestration("service:release".parse().unwrap())
        .unwrap()
}

/// Creates the tasks build and test, which needs build.
async fn plan(orchestrator: &Orchestrator<'_>) {
    let plan: TaskPlan = serde_json::from_str(
        r#"{"tasks": [{"id": "build", "title": "Build"},
                      {"id": "test", "title": "Test", "dependencies": ["build"]}]}"#,
    )
    .unwrap();
    orchestrator.create(&owner(), &plan).await.unwrap();
}

async fn register(orchestrator: &Orchestrator<'static>, id: &str) -> RegisteredAgent<'static> {
    let key = AgentKey::new("default", id).unwrap();
    let description = AgentDescription::new("code".parse().unwrap(), id.parse().unwrap());
    orchestrator.register(&key, description).await.unwrap().0
}

/// The report of success for the only task that the agent gets.
async fn claimed(agent: &RegisteredAgent<'_>) -> Report {
    let claim = agent.claim(ClaimLimit::DEFAULT).await.unwrap();
    let ClaimOutcome::Claimed { tasks } = claim else {
        panic!("nothing claimed: {claim:?}");
    };
    let task = tasks.first().unwrap();
    Report::new(agent.attempt(task), AttemptResult::Completed)
}

async fn state(orchestrator: &Orchestrator<'_>, id: &str) -> TaskState {
    let found = orchestrator.ports().tasks.get(&task(id)).await.unwrap();
    found.unwrap().progress.state
}

#[tokio::test]
async fn plan_is_executed_and_finished_in_the_task_history() {
    let manager = DatabaseManager::in_memory();
    let orchestrator = orchestrator(&manager);
    plan(&orchestrator).await;
    let agent = register(&orchestrator, "builder-1").await;

    for ready in ["test", ""] {
        let report = claimed(&agent).await;
        let reported = agent.report(&report).await.unwrap();
        let ReportOutcome::Recorded { ready: found, .. } = reported else {
            panic!("not recorded: {reported:?}");
        };
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.join(","), ready);
    }

    let finished = manager.check_task_status(&task("test")).await.unwrap();
    assert_eq!(finished, Some(TaskStatus::Completed));
}

#[tokio::test]
async fn entries_name_the_actor_and_the_note() {
    let manager = DatabaseManager::in_memory();
    let orchestrator = orchestrator(&manager);
    plan(&orchestrator).await;
    let note = "not needed".parse().ok();
    let cancelling = orchestrator
        .acting_as("user:alice".parse().unwrap())
        .with_note(note.clone());
    cancelling
        .cancel(&task("test"), CancelScope::Task)
        .await
        .unwrap();
    let agent = register(&orchestrator, "builder-1").await;
    claimed(&agent).await;

    let audit_log = &orchestrator.ports().audit_log;
    let (filter, page) = (AuditFilter::default(), PageRequest::default());
    let listed = audit_log.list(&owner(), &filter, &page).await;
    let mut entries = listed.unwrap().items;
    entries.reverse();

    let shown: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", entry.actor, entry.action))
        .collect();
    let expected = [
        "service:release task.created",
        "service:release task.created",
        "user:alice task.cancelled",
        "service:release agent.registered",
        "agent:builder-1 task.claimed",
    ];
    assert_eq!(shown, expected);
    let notes: Vec<_> = entries.into_iter().filter_map(|entry| entry.note).collect();
    assert_eq!(notes, Vec::from_iter(note));
}

#[tokio::test(start_paused = true)]
async fn maintenance_reaps_the_tasks_of_a_lost_agent() {
    let clock = Arc::new(ManualClock::at("2026-02-20T01:00:00Z".parse().unwrap()));
    let time: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let manager = DatabaseManager::in_memory_with(time, Arc::new(RandomIdGenerator::default()));
    let orchestrator = orchestrator(&manager);
    plan(&orchestrator).await;
    let lost = register(&orchestrator, "builder-1").await;
    let report = claimed(&lost).await;
    let policy = MaintenancePolicy::new(Schedule::Every(Duration::from_secs(3600)));
    let _maintenance = manager.maintenance(policy).unwrap();

    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(state(&orchestrator, "build").await, TaskState::Assigned);
    // Its lease is 60 s.
    clock.advance(Duration::from_secs(61));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(state(&orchestrator, "build").await, TaskState::Ready);

    let late = lost.report(&report).await.unwrap();
    assert!(matches!(late, ReportOutcome::Superseded { .. }), "{late:?}");
}

#[tokio::test]
async fn new_process_of_an_agent_replaces_the_previous_one() {
    let manager = DatabaseManager::in_memory();
    let orchestrator = orchestrator(&manager);
    plan(&orchestrator).await;
    let first = register(&orchestrator, "builder-1").await;
    claimed(&first).await;

    let second = register(&orchestrator, "builder-1").await;

    let instance = second.instance();
    assert_eq!(
        first.heartbeat().await.unwrap(),
        HeartbeatOutcome::Replaced { instance }
    );
    assert_eq!(state(&orchestrator, "build").await, TaskState::Ready);
}

#[tokio::test]
async fn closed_manager_has_no_orchestration() {
    let manager = DatabaseManager::in_memory();
    manager.close().await;

    let refused = manager.orchestration("service:release".parse().unwrap());

    assert!(matches!(refused, Err(DatabaseError::Closed)));
}
