use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::orchestration::Instance;
use tasktrail::orchestration::agent::{
    AgentChange, Heartbeat, HeartbeatOutcome, Retirement, StateRequest,
};

use super::args::{AgentArgs, ChangeArgs};
use crate::failure::Failure;
use crate::output::{Output, counted, counted_items, moment, printable};

/// Give an agent no new tasks. It keeps and finishes its own.
#[derive(Debug, Args)]
pub(super) struct DrainArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Give a draining agent tasks again.
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    #[command(flatten)]
    change: ChangeArgs,
}

/// Retire an agent that has no tasks.
#[derive(Debug, Args)]
pub(super) struct RetireArgs {
    #[command(flatten)]
    change: ChangeArgs,

    /// Retire it also if it has tasks: they become ready again, and the attempts are not counted.
    #[arg(long)]
    release: bool,
}

/// Extend the lease of an agent, as its process does.
#[derive(Debug, Args)]
pub(super) struct HeartbeatArgs {
    #[command(flatten)]
    agent: AgentArgs,

    /// Instance of the agent's process. Default: the one that registered last.
    #[arg(long, value_name = "UUID")]
    instance: Option<Instance>,
}

pub(super) async fn drain(
    args: &DrainArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    set(&args.change, StateRequest::Drain, manager, output).await
}

pub(super) async fn resume(
    args: &ResumeArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    set(&args.change, StateRequest::Resume, manager, output).await
}

pub(super) async fn retire(
    args: &RetireArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let retirement = if args.release {
        Retirement::ReleasingTasks
    } else {
        Retirement::IfIdle
    };
    set(
        &args.change,
        StateRequest::Retire(retirement),
        manager,
        output,
    )
    .await
}

async fn set(
    change: &ChangeArgs,
    request: StateRequest,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let key = change.agent.key();
    let orchestrator = change.actor.orchestrator(manager)?;
    let outcome = orchestrator.set_agent_state(&key, request).await?;
    let is_changed = matches!(outcome, AgentChange::Changed { .. });
    if output.is_json() {
        output.json(&outcome)?;
    } else {
        output.line(sentence(&printable(key.agent.as_str()), &outcome))?;
    }
    if is_changed { Ok(()) } else { Err(Failure::No) }
}

fn sentence(agent: &str, outcome: &AgentChange) -> String {
    match outcome {
        AgentChange::Changed {
            state, released, ..
        } if released.is_empty() => format!("{agent} is {state}"),
        AgentChange::Changed {
            state, released, ..
        } => {
            let released = counted_items(released, "task", "tasks");
            format!("{agent} is {state}; it released {released}")
        }
        AgentChange::Stale { version } => format!("{agent} has version {version}"),
        AgentChange::Refused { state } => format!("{agent} is {state}, so nothing was changed"),
        AgentChange::Busy { open_executions } => {
            let tasks = counted(u64::from(*open_executions), "task", "tasks");
            format!("{agent} has {tasks}; retire it with --release, or drain it first")
        }
        AgentChange::Unknown => format!("{agent} is not registered"),
    }
}

pub(super) async fn heartbeat(
    args: &HeartbeatArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let key = args.agent.key();
    let agents = manager.orchestration_ports()?.agents;
    let instance = match args.instance {
        Some(instance) => Some(instance),
        None => agents.get(&key).await?.map(|agent| agent.presence.instance),
    };
    let outcome = match instance {
        None => HeartbeatOutcome::Unknown,
        Some(instance) => {
            let heartbeat = Heartbeat::new(key.clone(), instance, SystemClock.now());
            agents.heartbeat(&heartbeat).await?
        }
    };
    let is_accepted = matches!(outcome, HeartbeatOutcome::Accepted { .. });
    if output.is_json() {
        output.json(&outcome)?;
    } else {
        let agent = printable(key.agent.as_str());
        output.line(match &outcome {
            HeartbeatOutcome::Accepted {
                state, lease_until, ..
            } => format!(
                "{agent} is {state}, online until {} UTC",
                moment(*lease_until)
            ),
            HeartbeatOutcome::Replaced { instance } => {
                format!("another process of {agent} registered later: instance {instance}")
            }
            HeartbeatOutcome::Retired => format!("{agent} is retired"),
            HeartbeatOutcome::Unknown => format!("{agent} is not registered"),
        })?;
    }
    if is_accepted {
        Ok(())
    } else {
        Err(Failure::No)
    }
}
