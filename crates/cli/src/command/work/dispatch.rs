use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::orchestration::dispatch::{
    AssignOutcome, Claim, ClaimLimit, ClaimOutcome, EmptyClaim, StartOutcome, Unavailable,
};
use tasktrail::orchestration::{AgentId, AgentKey, Instance};

use super::answer::answer;
use super::args::{AttemptArgs, TaskArgs};
use crate::args::{ActorArgs, OwnerArgs};
use crate::failure::Failure;
use crate::output::{Output, empty_claim, moment, printable, tables};

/// Give an agent the most urgent ready tasks that it can do.
///
/// JSON: {"outcome": "claimed", "tasks": […]}, or {"outcome": "empty", "reason"}. Exits with 1 if the
/// agent gets nothing.
#[derive(Debug, Args)]
pub(super) struct ClaimArgs {
    /// ID of the agent.
    agent: AgentId,

    #[command(flatten)]
    owner: OwnerArgs,

    /// Maximum number of tasks: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    limit: ClaimLimit,

    /// Instance of the agent's process. Default: the one that registered last.
    #[arg(long, value_name = "UUID")]
    instance: Option<Instance>,

    #[command(flatten)]
    actor: ActorArgs,
}

/// Give a ready task to an agent.
///
/// Exits with 1 if the task is not ready, or the agent cannot take it.
#[derive(Debug, Args)]
pub(super) struct AssignArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// ID of the agent.
    agent: AgentId,

    #[command(flatten)]
    actor: ActorArgs,
}

/// Mark an attempt as running. Its time limit starts again.
///
/// Exits with 1 if the attempt was closed.
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    #[command(flatten)]
    attempt: AttemptArgs,
}

pub(super) async fn claim(
    args: &ClaimArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let agent = AgentKey {
        user: args.owner.owner.clone(),
        agent: args.agent.clone(),
    };
    let orchestrator = args.actor.orchestrator(manager)?;
    let ports = orchestrator.ports();
    let instance = match args.instance {
        Some(instance) => Some(instance),
        None => (ports.agents.get(&agent).await?).map(|agent| agent.presence.instance),
    };
    let outcome = match instance {
        None => ClaimOutcome::Empty {
            reason: EmptyClaim::Unknown,
        },
        Some(instance) => {
            let claim = Claim::new(agent, instance).with_limit(args.limit);
            ports
                .dispatch
                .claim(&orchestrator.context(), &claim)
                .await?
        }
    };
    if output.is_json() {
        output.json(&outcome)?;
    } else if let ClaimOutcome::Claimed { tasks } = &outcome {
        output.table(&tables::claimed_tasks(output.table_style(), tasks))?;
    }
    match outcome {
        ClaimOutcome::Claimed { .. } => Ok(()),
        ClaimOutcome::Empty { reason } => {
            if !output.is_json() {
                output.line(empty_claim(&args.agent, reason))?;
            }
            Err(Failure::No)
        }
    }
}

pub(super) async fn assign(
    args: &AssignArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let orchestrator = args.actor.orchestrator(manager)?;
    let outcome = orchestrator.assign(&args.task.key(), &args.agent).await?;
    let is_done = matches!(outcome, AssignOutcome::Assigned { .. });
    let [task, agent] = [args.task.task.as_str(), args.agent.as_str()].map(printable);
    answer(
        &outcome,
        || assigned(&task, &agent, &outcome),
        is_done,
        output,
    )
}

fn assigned(task: &str, agent: &str, outcome: &AssignOutcome) -> String {
    match outcome {
        AssignOutcome::Assigned { attempt, .. } => {
            format!("{agent} has {task}, attempt {attempt}")
        }
        AssignOutcome::NotReady {
            state,
            agent: Some(other),
        } => format!("{task} is {state} by {}", printable(other.as_str())),
        AssignOutcome::NotReady { state, agent: None } => format!("{task} is {state}"),
        AssignOutcome::Unfit { required } => {
            format!("{agent} cannot do {task}: it needs {required}")
        }
        AssignOutcome::Full { capacity } => format!("{agent} has {capacity} tasks, its capacity"),
        AssignOutcome::Unavailable { reason } => match reason {
            Unavailable::Draining => format!("{agent} is draining"),
            Unavailable::Retired => format!("{agent} is retired"),
            Unavailable::LeaseEnded => format!("{agent} is offline"),
        },
        AssignOutcome::UnknownTask => format!("there is no task {task}"),
        AssignOutcome::UnknownAgent => format!("{agent} is not registered"),
    }
}

pub(super) async fn start(
    args: &StartArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let orchestrator = args.attempt.actor.orchestrator(manager)?;
    let dispatch = &orchestrator.ports().dispatch;
    let key = args.attempt.key();
    let outcome = dispatch.start(&orchestrator.context(), &key).await?;
    let is_done = matches!(outcome, StartOutcome::Started { .. });
    let task = printable(args.attempt.task.as_str());
    let sentence = || match &outcome {
        StartOutcome::Started { deadline: None } => format!("{task} is running"),
        StartOutcome::Started {
            deadline: Some(deadline),
        } => format!(
            "{task} is running, until {} UTC at the latest",
            moment(*deadline)
        ),
        StartOutcome::Closed { state } => format!("the attempt was closed before: {state}"),
        StartOutcome::Unknown => format!("there is no attempt {} at {task}", args.attempt.attempt),
    };
    answer(&outcome, sentence, is_done, output)
}
