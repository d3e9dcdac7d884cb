//! Agents and plans of the workloads of orchestration.

use tasktrail::orchestration::AgentKey;
use tasktrail::orchestration::agent::{AgentDescription, Capacity};
use tasktrail::orchestration::task::{Dependency, NewTask, TaskDefinition, TaskPlan};
use tasktrail::write::{Actor, ActorKind};
use tasktrail::{
    DatabaseManager, Document, InvalidValue, Orchestrator, RegisteredAgent, TaskId, UserId,
};

use crate::failure::Failure;

/// The number of different required capabilities.
const QUEUES: u32 = 12;

/// The tasks of a plan without dependencies.
const ROOTS: u32 = 20;

pub(super) fn owner() -> Result<UserId, InvalidValue> {
    UserId::new("bench")
}

pub(super) fn orchestrator(manager: &DatabaseManager) -> Result<Orchestrator<'static>, Failure> {
    let actor = Actor::new(ActorKind::Service, "bench")?;
    Ok(manager.orchestration(actor)?)
}

/// Registers an agent that can do every task.
pub(super) async fn register(
    orchestrator: &Orchestrator<'static>,
    number: u32,
) -> Result<RegisteredAgent<'static>, Failure> {
    let languages: Vec<String> = (0..QUEUES).map(language).collect();
    let capabilities = Document::of(&serde_json::json!({ "languages": languages }))?;
    let description = AgentDescription::new("code".parse()?, "Bench".parse()?)
        .with_capabilities(capabilities)
        .with_capacity(Capacity::MAX);
    let key = AgentKey::new(owner()?, format!("agent-{number}"))?;
    let (agent, _registered) = orchestrator.register(&key, description).await?;
    Ok(agent)
}

/// A plan of `tasks` tasks, of which the first twenty have no dependency. Of the others, every other
/// one depends on three tasks of the twenty before it, and the rest on two: 200 dependencies for 100
/// tasks.
pub(super) fn plan(name: &str, tasks: u32) -> Result<TaskPlan, InvalidValue> {
    let planned = (0..tasks).map(|number| {
        let mut definition = TaskDefinition::new(format!("Task {number} of plan {name}").parse()?);
        definition.description = "Find the cause, mend it, and add a test. "
            .repeat(4)
            .parse()?;
        definition.requirements = Document::of(&serde_json::json!({ "type": "feature" }))?;
        let needed = serde_json::json!({ "languages": [language(number % QUEUES)] });
        definition.required_capabilities = Document::of(&needed)?;
        let dependencies = prerequisites(number)
            .map(|before| Ok(Dependency::success(task(name, before)?)))
            .collect::<Result<_, InvalidValue>>()?;
        Ok(NewTask::new(task(name, number)?, definition).with_dependencies(dependencies))
    });
    TaskPlan::new(planned.collect::<Result<_, InvalidValue>>()?)
}

fn prerequisites(number: u32) -> impl Iterator<Item = u32> {
    let count = if number.is_multiple_of(2) { 3 } else { 2 };
    let distances = (0..count).map(move |place| 1 + (number * 7 + place * 5) % ROOTS);
    distances.filter_map(move |distance| {
        let before = number.checked_sub(distance)?;
        (number >= ROOTS).then_some(before)
    })
}

fn language(number: u32) -> String {
    format!("language-{number}")
}

fn task(plan: &str, number: u32) -> Result<TaskId, InvalidValue> {
    TaskId::new(format!("{plan}-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_of_a_hundred_tasks_has_200_dependencies() {
        let plan = plan("a", 100).unwrap();

        let dependencies = plan.tasks().iter().map(|task| task.dependencies.len());
        assert_eq!(
            (plan.tasks().len(), dependencies.sum::<usize>()),
            (100, 200)
        );
        assert!(plan.external_prerequisites().is_empty());
    }
}
