//! The operations of the port as [`PgOperation`]s, with borrowed arguments.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentBatch, AgentChange, AgentChanges, AgentCommand, AgentFilter, ApplyOutcome,
    CommandOutcome, Heartbeat, HeartbeatOutcome, Registered, Registration, StateRequest, operation,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey};
use tasktrail_domain::repository::{Operation, Page, PageRequest};
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;

use super::batch::{self, Batch};
use super::{heartbeat, read, register};

pub(super) struct Register<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e Registration,
    pub(super) LockWait,
);

impl PgOperation for Register<'_> {
    type Output = Registered;

    const OPERATION: Operation = operation::REGISTER;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, registration, wait) = *self;
        let at_once = register::at_once(connection, context, registration, wait).await;
        if let Some(registered) = at_once.map_err(|error| wait.explain(error))? {
            return Ok(registered);
        }
        let command = AgentCommand::Register {
            agent: registration.agent.agent.clone(),
            instance: registration.instance,
            description: registration.description.clone(),
        };
        let user = &registration.agent.user;
        match one(connection, context, user, command, wait).await? {
            CommandOutcome::Registered(registered) => Ok(registered),
            CommandOutcome::Change(_) => Err(StoreError::Overtaken),
        }
    }
}

pub(super) struct Beat<'e>(pub(super) &'e Heartbeat, pub(super) LockWait);

impl PgOperation for Beat<'_> {
    type Output = HeartbeatOutcome;

    const OPERATION: Operation = operation::HEARTBEAT;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let beat = heartbeat::beat(connection, self.0, self.1).await;
        beat.map_err(|error| self.1.explain(error))
    }
}

pub(super) struct Update<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e AgentKey,
    pub(super) &'e AgentChanges,
    pub(super) LockWait,
);

impl PgOperation for Update<'_> {
    type Output = AgentChange;

    const OPERATION: Operation = operation::UPDATE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, AgentKey { user, agent }, changes, wait) = *self;
        let (agent, changes) = (agent.clone(), changes.clone());
        let command = AgentCommand::Update { agent, changes };
        change(one(connection, context, user, command, wait).await?)
    }
}

pub(super) struct SetState<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e AgentKey,
    pub(super) StateRequest,
    pub(super) LockWait,
);

impl PgOperation for SetState<'_> {
    type Output = AgentChange;

    const OPERATION: Operation = operation::SET_STATE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, AgentKey { user, agent }, request, wait) = *self;
        let agent = agent.clone();
        let command = AgentCommand::SetState { agent, request };
        change(one(connection, context, user, command, wait).await?)
    }
}

pub(super) struct Apply<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e UserId,
    pub(super) &'e AgentBatch,
    pub(super) LockWait,
);

impl PgOperation for Apply<'_> {
    type Output = ApplyOutcome;

    const OPERATION: Operation = operation::APPLY;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, user, commands, wait) = *self;
        let batch = Batch {
            context,
            user,
            commands: commands.commands(),
            mode: Some(commands.mode()),
        };
        batch::apply(connection, batch, wait).await
    }
}

pub(super) struct Get<'e>(pub(super) &'e AgentKey);

impl PgOperation for Get<'_> {
    type Output = Option<Agent>;

    const OPERATION: Operation = operation::GET;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        read::one(connection, self.0).await
    }
}

pub(super) struct List<'e>(
    pub(super) &'e UserId,
    pub(super) &'e AgentFilter,
    pub(super) &'e PageRequest<AgentId>,
);

impl PgOperation for List<'_> {
    type Output = Page<Agent, AgentId>;

    const OPERATION: Operation = operation::LIST;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        read::page(connection, self.0, self.1, self.2).await
    }
}

/// Applies one command.
async fn one(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    user: &UserId,
    command: AgentCommand,
    wait: LockWait,
) -> Result<CommandOutcome, StoreError> {
    let batch = Batch {
        context,
        user,
        commands: &[command],
        mode: None,
    };
    let applied = batch::apply(connection, batch, wait).await;
    match applied.map_err(|error| wait.explain(error))? {
        // There is one outcome for each command.
        ApplyOutcome::Applied { outcomes } => {
            outcomes.into_iter().next().ok_or(StoreError::Overtaken)
        }
        ApplyOutcome::Refused { reason, .. } => Ok(reason),
    }
}

/// The outcome of a command that does not register.
fn change(outcome: CommandOutcome) -> Result<AgentChange, StoreError> {
    match outcome {
        CommandOutcome::Change(change) => Ok(change),
        CommandOutcome::Registered(_) => Err(StoreError::Overtaken),
    }
}
