//! Tasks and agents for the tests of orchestration in a transaction.

use std::fmt::Debug;

use tasktrail::orchestration::agent::AgentDescription;
use tasktrail::orchestration::dispatch::{AttemptResult, ClaimLimit, ClaimOutcome, Report};
use tasktrail::orchestration::task::{PlanOutcome, TaskPlan};
use tasktrail::orchestration::{AgentKey, TaskState};
use tasktrail::repository::RepositoryError;
use tasktrail::write::Actor;
use tasktrail::{DatabaseError, DatabaseManager, Orchestrator, RegisteredAgent, UserId};

use super::{Result, task};

pub(crate) fn owner() -> UserId {
    UserId::new("alice").unwrap()
}

pub(crate) fn actor() -> Actor {
    "service:release".parse().unwrap()
}

pub(crate) fn plan(name: &str, title: &str) -> TaskPlan {
    let plan = format!(r#"{{"tasks": [{{"id": "{name}", "title": "{title}"}}]}}"#);
    serde_json::from_str(&plan).unwrap()
}

pub(crate) async fn create(orchestrator: &Orchestrator<'_>, name: &str) -> Result {
    let created = orchestrator.create(&owner(), &plan(name, name)).await?;
    assert!(matches!(created, PlanOutcome::Created { .. }));
    Ok(())
}

pub(crate) async fn register<'c>(orchestrator: &Orchestrator<'c>) -> Result<RegisteredAgent<'c>> {
    let key = AgentKey::new("alice", "builder-1").unwrap();
    let description = AgentDescription::new("code".parse().unwrap(), "Builder".parse().unwrap());
    Ok(orchestrator.register(&key, description).await?.0)
}

/// Claims the only ready task, and returns the report of its success.
pub(crate) async fn claim(agent: &RegisteredAgent<'_>) -> Result<Report> {
    let claimed = agent.claim(ClaimLimit::DEFAULT).await?;
    let ClaimOutcome::Claimed { tasks } = claimed else {
        panic!("nothing claimed: {claimed:?}");
    };
    let attempt = agent.attempt(tasks.first().unwrap());
    Ok(Report::new(attempt, AttemptResult::Completed))
}

/// Creates a task and registers an agent.
pub(crate) async fn given_work(manager: &DatabaseManager, name: &str) -> RegisteredAgent<'static> {
    let orchestrator = manager.orchestration(actor()).unwrap();
    create(&orchestrator, name).await.unwrap();
    register(&orchestrator).await.unwrap()
}

/// The state of a task as others see it.
pub(crate) async fn state(manager: &DatabaseManager, name: &str) -> Option<TaskState> {
    let ports = manager.orchestration_ports().unwrap();
    let found = ports.tasks.get(&task(name)).await.unwrap();
    found.map(|task| task.progress.state)
}

pub(crate) async fn open_executions(manager: &DatabaseManager, agent: &RegisteredAgent<'_>) -> u32 {
    let ports = manager.orchestration_ports().unwrap();
    let found = ports.agents.get(agent.key()).await.unwrap();
    found.unwrap().presence.open_executions
}

pub(crate) fn repository_error<T: Debug>(result: Result<T>) -> RepositoryError {
    match result {
        Err(DatabaseError::Repository(error)) => error,
        other => panic!("{other:?}"),
    }
}
