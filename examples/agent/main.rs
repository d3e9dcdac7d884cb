//! An agent that claims tasks, executes them and reports, until it is replaced, drained or retired.
//!
//! ```sh
//! export DATABASE_URL=postgres://postgres@localhost/tasks
//! tasktrail plan release.json
//! cargo run -p tasktrail-examples --bin agent -- builder-1
//! ```
//!
//! If it is killed, its tasks are ready again when it is started again, or when its lease has ended
//! and somebody reaps: `tasktrail reap`, or the maintenance of a service.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::env;
use std::error::Error;
use std::time::Duration;

use tasktrail::orchestration::agent::{AgentDescription, Capacity, HeartbeatOutcome, Lease};
use tasktrail::orchestration::dispatch::{
    AttemptResult, ClaimLimit, ClaimOutcome, ClaimedTask, EmptyClaim, Report, ReportOutcome,
};
use tasktrail::orchestration::{AgentKey, Payload};
use tasktrail::task_history::{StepNumber, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseManager, RegisteredAgent};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How many tasks it has at the same time.
const CAPACITY: i64 = 4;
/// How long it counts as alive after a heartbeat, in seconds.
const LEASE: i64 = 6;
/// How long it waits for tasks.
const POLL: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<()> {
    let id = env::args().nth(1).ok_or("usage: agent ID")?;
    let manager = DatabaseManager::new(DatabaseConfig::load()?.with_connections(1, 2)?);
    manager.connect().await?;

    let orchestrator = manager.orchestration("service:agents".parse()?)?;
    let description = AgentDescription::new("code".parse()?, id.parse()?)
        .with_capacity(Capacity::new(CAPACITY)?)
        .with_lease(Lease::new(LEASE)?);
    let key = AgentKey::new("default", id)?;
    let (agent, registered) = orchestrator.register(&key, description).await?;
    println!("registered, lost {}", registered.lost.len());

    tokio::select! {
        worked = work(&manager, &agent) => worked?,
        kept = keep_alive(&agent) => kept?,
    }
    manager.close().await;
    Ok(())
}

/// Sends heartbeats until the agent must stop.
async fn keep_alive(agent: &RegisteredAgent<'_>) -> Result<()> {
    loop {
        match agent.heartbeat().await? {
            HeartbeatOutcome::Accepted { .. } => {}
            HeartbeatOutcome::Replaced { .. }
            | HeartbeatOutcome::Retired
            | HeartbeatOutcome::Unknown => return Ok(()),
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Claims and executes tasks until the agent gets no more.
async fn work(manager: &DatabaseManager, agent: &RegisteredAgent<'_>) -> Result<()> {
    loop {
        match agent.claim(ClaimLimit::new(CAPACITY)?).await? {
            ClaimOutcome::Claimed { tasks } => {
                for task in &tasks {
                    execute(manager, agent, task).await?;
                }
            }
            ClaimOutcome::Empty { reason } => match reason {
                EmptyClaim::NothingReady | EmptyClaim::Full | EmptyClaim::LeaseEnded => {
                    tokio::time::sleep(POLL).await;
                }
                EmptyClaim::Draining
                | EmptyClaim::Retired
                | EmptyClaim::Replaced
                | EmptyClaim::Unknown => return Ok(()),
            },
        }
    }
}

/// Executes a task: records a step in the task history, and reports.
async fn execute(
    manager: &DatabaseManager,
    agent: &RegisteredAgent<'_>,
    task: &ClaimedTask,
) -> Result<()> {
    let attempt = agent.attempt(task);
    let step = TaskStepResult::builder("execute", TaskStatus::Running)
        .message(task.definition.title.as_str())
        .build()?;
    let number = StepNumber::new(task.attempt.get().into())?;
    let status = manager
        .save_task_history(&attempt.task, number, step)
        .await?;
    if status == TaskStatus::Cancelled {
        println!("{} was cancelled", task.task);
        return Ok(());
    }
    let report = Report::new(attempt, AttemptResult::Completed).with_output(Payload::of(&"done")?);
    match agent.report(&report).await? {
        ReportOutcome::Recorded { state, .. } => println!("{} is {state}", task.task),
        ReportOutcome::Superseded { .. } | ReportOutcome::Unknown => {
            println!("{} was given to another agent", task.task);
        }
    }
    Ok(())
}
