//! Gives a task to an agent that somebody chose.

mod statements;

use chrono::{DateTime, Utc};
use diesel::OptionalExtension;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use tasktrail_domain::orchestration::agent::{AgentDescription, AgentName, AgentType, Capacity};
use tasktrail_domain::orchestration::audit::{Action, Change, EntityKind};
use tasktrail_domain::orchestration::dispatch::{AssignOutcome, Unavailable};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AgentState, Attempt, TaskState};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, InvalidValue, JsonText, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;
use uuid::Uuid;

use self::statements::{AssignTask, Assignable, AssignableRow, CandidateRow};
use super::row::{execution_instant, execution_value, presence_value};
use crate::error::corrupt;
use crate::jsonb_result::StoredDocument;
use crate::orchestration::task_row::{state_of, state_value};
use crate::orchestration::write_log::{self, Replay, record, replayed};

/// Locks the task and the agent, decides, and writes.
pub(super) async fn assign(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    task: &TaskKey,
    agent: &AgentId,
    wait: LockWait,
) -> Result<AssignOutcome, StoreError> {
    connection
        .transaction(async |connection| transaction(connection, context, task, agent, wait).await)
        .await
}

async fn transaction(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    task: &TaskKey,
    agent: &AgentId,
    wait: LockWait,
) -> Result<AssignOutcome, StoreError> {
    let assignable = Prepared(Assignable::of(task, agent, wait));
    let found: Option<AssignableRow> = assignable.get_result(connection).await.optional()?;
    if let Some(earlier) = replayed(connection, &task.user, context.id).await? {
        return repeated(&earlier, task, agent);
    }
    let Some(found) = found else {
        return Ok(AssignOutcome::UnknownTask);
    };
    let instance = match decide(context.at, task, agent, found)? {
        Ok(instance) => instance,
        Err(refused) => return Ok(refused),
    };
    let assign = Prepared(AssignTask::of(context, task, agent, instance));
    let (attempt, deadline): (i32, Option<DateTime<Utc>>) = assign.get_result(connection).await?;
    let attempt = execution_value("attempt", task, attempt.into(), Attempt::new)?;
    let deadline = execution_instant("deadline", task, deadline)?;
    let outcome = AssignOutcome::Assigned { attempt, deadline };
    let answer = JsonText::of(&outcome).unwrap_or_default();
    let changes = [Change::given(
        Action::TASK_ASSIGNED,
        &task.task,
        agent,
        attempt,
    )];
    record(connection, context, &task.user, 0, &changes, Some(&answer)).await?;
    Ok(outcome)
}

/// The result of an earlier assignment with the same write id.
fn repeated(
    earlier: &Replay,
    task: &TaskKey,
    agent: &AgentId,
) -> Result<AssignOutcome, StoreError> {
    #[derive(Deserialize)]
    struct Given {
        agent: AgentId,
    }

    let assigned = [Action::TASK_ASSIGNED];
    earlier.check(&assigned, EntityKind::Task, task.task.as_str())?;
    let after = earlier.after.as_ref();
    let given = after.and_then(|after| after.deserialize::<Given>().ok());
    if given.is_none_or(|given| given.agent != *agent) {
        return Err(write_log::conflict(earlier.id));
    }
    earlier.answer()
}

/// Returns the instance of the agent that gets the task, or why it does not.
fn decide(
    at: Timestamp,
    task: &TaskKey,
    agent: &AgentId,
    (state, holder, required, candidate): AssignableRow,
) -> Result<Result<Uuid, AssignOutcome>, StoreError> {
    let Some(candidate) = candidate else {
        return Ok(Err(AssignOutcome::UnknownAgent));
    };
    let state = state_of(task, &state)?;
    if state != TaskState::Ready {
        let holder = holder.map(|id| state_value("agent_id", task, id, AgentId::new));
        let agent = holder.transpose()?;
        return Ok(Err(AssignOutcome::NotReady { state, agent }));
    }
    let StoredDocument(required) = required;
    let refused = |source| corrupt("task", "required_capabilities", task, source);
    let required = required.map_err(refused)?;
    let key = AgentKey {
        user: task.user.clone(),
        agent: agent.clone(),
    };
    Ok(Candidate::of(&key, candidate)?.accept(at, required))
}

/// The agent that somebody chose.
struct Candidate {
    instance: Uuid,
    state: AgentState,
    lease_until: Timestamp,
    open_executions: i32,
    description: AgentDescription,
}

impl Candidate {
    fn of(key: &AgentKey, row: CandidateRow) -> Result<Self, StoreError> {
        let (instance, state, lease_until, capacity, open_executions, described) = row;
        let (agent_type, name, StoredDocument(capabilities)) = described;
        let refused = |column| move |source: InvalidValue| corrupt("agent", column, key, source);
        let agent_type = AgentType::new(agent_type).map_err(refused("agent_type"))?;
        let name = AgentName::new(name).map_err(refused("name"))?;
        let capabilities = capabilities.map_err(refused("capabilities"))?;
        let capacity = presence_value("capacity", key, capacity.into(), Capacity::new)?;
        let ends = presence_value("lease_until", key, lease_until, Timestamp::from_datetime)?;
        Ok(Self {
            instance,
            state: presence_value("state", key, state.as_str(), str::parse)?,
            lease_until: ends,
            open_executions,
            description: AgentDescription::new(agent_type, name)
                .with_capabilities(capabilities)
                .with_capacity(capacity),
        })
    }

    fn accept(self, at: Timestamp, required: Document) -> Result<Uuid, AssignOutcome> {
        let capacity = self.description.capacity;
        let unavailable = match self.state {
            AgentState::Retired => Some(Unavailable::Retired),
            AgentState::Draining => Some(Unavailable::Draining),
            AgentState::Active => (at > self.lease_until).then_some(Unavailable::LeaseEnded),
        };
        if let Some(reason) = unavailable {
            Err(AssignOutcome::Unavailable { reason })
        } else if !self.description.fits(&required) {
            Err(AssignOutcome::Unfit { required })
        } else if self.open_executions >= i32::from(capacity.get()) {
            Err(AssignOutcome::Full { capacity })
        } else {
            Ok(self.instance)
        }
    }
}
