use std::fmt::Write as _;

use serde::Serialize;
use tasktrail::orchestration::AgentKey;
use tasktrail::orchestration::agent::{AgentDescription, LostAttempt};
use tasktrail::orchestration::audit::{AuditEntry, AuditFilter};
use tasktrail::orchestration::dispatch::{
    AttemptResult, ClaimLimit, ClaimOutcome, ClaimedTask, Report,
};
use tasktrail::orchestration::task::{CancelScope, TaskFilter, TaskGraph, TaskOverview, TaskPlan};
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::write::{Actor, ActorKind};
use tasktrail::{DatabaseManager, Orchestrator, RegisteredAgent, TaskKey, UserId};

use crate::failure::Failure;
use crate::output::{cancelled, empty_claim, reported};

/// The notes will be cancelled, so nothing is deployed. `announce` waits only for the end of that.
const PLAN: &str = r#"{"tasks": [
    {"id": "build", "title": "Build the service"},
    {"id": "document", "title": "Write the notes", "dependencies": ["build"]},
    {"id": "test", "title": "Test the service", "dependencies": ["build"]},
    {"id": "deploy", "title": "Deploy the service", "dependencies": ["document", "test"]},
    {"id": "announce", "title": "Announce the result",
     "dependencies": [{"task_id": "deploy", "when": "end"}]}]}"#;

/// How many entries of the audit log are read back.
pub(super) const ENTRIES: u64 = 6;

/// A plan of five tasks that two agents executed, as read back.
#[derive(Debug, Serialize)]
pub(super) struct Release {
    #[serde(rename = "user_id")]
    pub(super) owner: UserId,
    pub(super) events: Vec<Event>,
    pub(super) graph: TaskGraph,
    pub(super) tasks: Vec<TaskOverview>,
    /// The last entries, latest first.
    pub(super) audit_entries: Vec<AuditEntry>,
}

/// A call, and its outcome.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub(super) actor: Actor,
    pub(super) event: String,
}

/// Creates the plan, and lets two agents execute it. The process of one dies with a task, and a
/// task is cancelled while an agent executes it.
///
/// The agents only claim and report: they do no work.
pub(super) async fn run(manager: &DatabaseManager, owner: UserId) -> Result<Release, Failure> {
    let orchestrator = manager.orchestration("service:demo".parse()?)?;
    let plan: TaskPlan = serde_json::from_str(PLAN)?;
    orchestrator.create(&owner, &plan).await?;
    let mut story = Story::default();

    let (builder, _) = register(&orchestrator, &owner, "builder-1").await?;
    let (operator, _) = register(&orchestrator, &owner, "operator-1").await?;
    story.claim(&builder).await?;
    let (builder, lost) = register(&orchestrator, &owner, "builder-1").await?;
    story.restart(&builder, &lost)?;
    let build = story.claim(&builder).await?;
    story.complete(&builder, &build).await?;

    let notes = story.claim(&builder).await?;
    let test = story.claim(&operator).await?;
    story.complete(&operator, &test).await?;
    story.cancel(&orchestrator, &owner, &notes).await?;
    // The builder learns of the cancel from the outcome of its report.
    story.complete(&builder, &notes).await?;
    let announce = story.claim(&operator).await?;
    story.complete(&operator, &announce).await?;

    let ports = orchestrator.ports();
    let first = PageRequest::first(PageSize::DEFAULT);
    let tasks = ports
        .tasks
        .list(&owner, &TaskFilter::default(), &first)
        .await?;
    let latest = PageRequest::first(PageSize::new(ENTRIES)?);
    let entries = ports
        .audit_log
        .list(&owner, &AuditFilter::default(), &latest)
        .await?;
    let root = TaskKey {
        user: owner.clone(),
        task: build.task,
    };
    Ok(Release {
        events: story.0,
        graph: ports.tasks.graph(&root).await?,
        tasks: tasks.items,
        audit_entries: entries.items,
        owner,
    })
}

/// Registers a process of an agent. Returns the attempts that its previous process lost.
async fn register(
    orchestrator: &Orchestrator<'static>,
    owner: &UserId,
    agent: &str,
) -> Result<(RegisteredAgent<'static>, Vec<LostAttempt>), Failure> {
    let key = AgentKey::new(owner.as_str(), agent)?;
    let description = AgentDescription::new("code".parse()?, agent.parse()?);
    let (agent, registered) = orchestrator.register(&key, description).await?;
    Ok((agent, registered.lost))
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Story(Vec<Event>);

impl Story {
    fn add(&mut self, actor: Actor, event: String) {
        self.0.push(Event { actor, event });
    }

    async fn claim(&mut self, agent: &RegisteredAgent<'static>) -> Result<ClaimedTask, Failure> {
        let claimed = match agent.claim(ClaimLimit::DEFAULT).await? {
            ClaimOutcome::Claimed { tasks } => tasks.into_iter().next(),
            ClaimOutcome::Empty { reason } => {
                return Err(Failure::error(empty_claim(&agent.key().agent, reason)));
            }
        };
        let claimed = claimed.ok_or_else(|| Failure::error("a claim returned no tasks"))?;
        let (task, attempt) = (&claimed.task, claimed.attempt);
        self.add(
            actor(agent)?,
            format!("claims a task: {task}, attempt {attempt}"),
        );
        Ok(claimed)
    }

    fn restart(
        &mut self,
        agent: &RegisteredAgent<'static>,
        lost: &[LostAttempt],
    ) -> Result<(), Failure> {
        let mut event = "dies, and its new process registers".to_owned();
        for LostAttempt { attempt, state } in lost {
            let (task, attempt) = (&attempt.task.task, attempt.attempt);
            // Writing to a string does not fail.
            let _infallible = write!(event, "; attempt {attempt} is lost, {task} is {state}");
        }
        self.add(actor(agent)?, event);
        Ok(())
    }

    async fn complete(
        &mut self,
        agent: &RegisteredAgent<'static>,
        claimed: &ClaimedTask,
    ) -> Result<(), Failure> {
        let report = Report::new(agent.attempt(claimed), AttemptResult::Completed);
        let outcome = agent.report(&report).await?;
        let outcome = reported(&report.attempt, &outcome);
        self.add(actor(agent)?, format!("reports success: {outcome}"));
        Ok(())
    }

    async fn cancel(
        &mut self,
        orchestrator: &Orchestrator<'static>,
        owner: &UserId,
        claimed: &ClaimedTask,
    ) -> Result<(), Failure> {
        let task = TaskKey {
            user: owner.clone(),
            task: claimed.task.clone(),
        };
        let user: Actor = "user:demo".parse()?;
        let orchestrator = orchestrator.acting_as(user.clone());
        let outcome = orchestrator.cancel(&task, CancelScope::Task).await?;
        let outcome = cancelled(&task.task, &outcome);
        self.add(user, format!("cancels a task: {outcome}"));
        Ok(())
    }
}

fn actor(agent: &RegisteredAgent<'static>) -> Result<Actor, Failure> {
    Ok(Actor::new(ActorKind::Agent, agent.key().agent.as_str())?)
}
