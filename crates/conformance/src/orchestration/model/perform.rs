//! Performs actions on the ports.

use serde::Serialize;
use tasktrail_domain::orchestration::dispatch::ReapLimit;
use tasktrail_domain::orchestration::{Attempt, AttemptKey};
use tasktrail_domain::repository::{RepositoryError, Result};
use tasktrail_domain::write::WriteContext;

use super::{Action, Answer, Which, Write};
use crate::Orchestration;

/// Performs an action.
pub async fn perform(ports: &Orchestration, action: &Action) -> Answer {
    match action {
        Action::Heartbeat(heartbeat) => answer(ports.agents.heartbeat(heartbeat).await),
        Action::RemoveExpired { retention, batch } => {
            answer(ports.tasks.remove_expired(retention, batch).await)
        }
        Action::Write(context, write) => match write {
            Write::Register(_)
            | Write::UpdateAgent(..)
            | Write::SetState(..)
            | Write::Apply(..) => write_agents(ports, context, write).await,
            Write::Claim(_)
            | Write::Assign(..)
            | Write::Start(..)
            | Write::Report(..)
            | Write::Reap => dispatch(ports, context, write).await,
            Write::Record(entry) => answer(ports.audit_log.record(context, entry).await),
            _ => write_tasks(ports, context, write).await,
        },
    }
}

fn answer(result: Result<impl Serialize>) -> Answer {
    match result {
        Ok(outcome) => Answer::Returned(serde_json::to_string(&outcome).unwrap()),
        Err(error) => failed(&error),
    }
}

fn failed(error: &RepositoryError) -> Answer {
    Answer::Failed(error.kind(), error.effect(), error.operation())
}

async fn write_agents(ports: &Orchestration, context: &WriteContext, write: &Write) -> Answer {
    let agents = &ports.agents;
    match write {
        Write::Register(registration) => answer(agents.register(context, registration).await),
        Write::UpdateAgent(agent, changes) => answer(agents.update(context, agent, changes).await),
        Write::SetState(agent, request) => answer(agents.set_state(context, agent, *request).await),
        Write::Apply(user, batch) => answer(agents.apply(context, user, batch).await),
        _ => unreachable!("not a write of the agents: {write:?}"),
    }
}

async fn write_tasks(ports: &Orchestration, context: &WriteContext, write: &Write) -> Answer {
    let tasks = &ports.tasks;
    match write {
        Write::Create(user, plan) => answer(tasks.create(context, user, plan).await),
        Write::UpdateTask(task, changes) => answer(tasks.update(context, task, changes).await),
        Write::AddDependencies(task, added) => {
            answer(tasks.add_dependencies(context, task, added).await)
        }
        Write::RemoveDependencies(task, removed) => {
            answer(tasks.remove_dependencies(context, task, removed).await)
        }
        Write::Cancel(task, scope) => answer(tasks.cancel(context, task, *scope).await),
        Write::Resume(task, answers) => answer(tasks.resume(context, task, answers).await),
        _ => unreachable!("not a write of the tasks: {write:?}"),
    }
}

async fn dispatch(ports: &Orchestration, context: &WriteContext, write: &Write) -> Answer {
    let dispatch = &ports.dispatch;
    match write {
        Write::Claim(claim) => answer(dispatch.claim(context, claim).await),
        Write::Assign(task, agent) => answer(dispatch.assign(context, task, agent).await),
        Write::Start(key, which) => {
            let key = attempt(ports, key, *which).await;
            answer(dispatch.start(context, &key).await)
        }
        Write::Report(report, which) => {
            let mut report = report.clone();
            report.attempt = attempt(ports, &report.attempt, *which).await;
            answer(dispatch.report(context, &report).await)
        }
        Write::Reap => answer(dispatch.reap(context, ReapLimit::DEFAULT).await),
        _ => unreachable!("not a write of the dispatch: {write:?}"),
    }
}

/// The attempt that is meant.
async fn attempt(ports: &Orchestration, named: &AttemptKey, which: Which) -> AttemptKey {
    let task = ports.tasks.get(&named.task).await.unwrap();
    let attempts = task.map_or(0, |task| i64::from(task.progress.attempts));
    let attempt = match (which, Attempt::new(attempts)) {
        (Which::Latest, Ok(latest)) => latest,
        _ => named.attempt,
    };
    AttemptKey::new(named.task.clone(), attempt)
}
