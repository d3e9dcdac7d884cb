//! The operations of the port as [`PgOperation`]s, with borrowed arguments.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, RemovedTasks,
    ResumeOutcome, Task, TaskChange, TaskChanges, TaskCounts, TaskCursor, TaskFilter, TaskGraph,
    TaskOverview, TaskPlan, TaskRetention, operation,
};
use tasktrail_domain::repository::{Operation, Page, PageRequest};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;

use super::{cancel, counts, create, dependencies, get, graph, list, resume, retention, update};

pub(super) struct Create<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e UserId,
    pub(super) &'e TaskPlan,
    pub(super) LockWait,
);

impl PgOperation for Create<'_> {
    type Output = PlanOutcome;

    const OPERATION: Operation = operation::CREATE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let created = create::create(connection, self.0, self.1, self.2, self.3).await;
        created.map_err(|error| self.3.explain(error))
    }
}

/// The context of a write, and its task.
type Write<'e> = (&'e WriteContext, &'e TaskKey);

pub(super) struct Update<'e>(
    pub(super) Write<'e>,
    pub(super) &'e TaskChanges,
    pub(super) LockWait,
);

impl PgOperation for Update<'_> {
    type Output = TaskChange;

    const OPERATION: Operation = operation::UPDATE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let (context, task) = self.0;
        let updated = update::update(connection, context, task, self.1, self.2).await;
        updated.map_err(|error| self.2.explain(error))
    }
}

pub(super) struct AddDependencies<'e>(
    pub(super) Write<'e>,
    pub(super) &'e [Dependency],
    pub(super) LockWait,
);

impl PgOperation for AddDependencies<'_> {
    type Output = DependencyChange;

    const OPERATION: Operation = operation::ADD_DEPENDENCIES;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let (context, task) = self.0;
        let added = dependencies::add(connection, context, task, self.1, self.2).await;
        added.map_err(|error| self.2.explain(error))
    }
}

pub(super) struct RemoveDependencies<'e>(
    pub(super) Write<'e>,
    pub(super) &'e [TaskId],
    pub(super) LockWait,
);

impl PgOperation for RemoveDependencies<'_> {
    type Output = DependencyChange;

    const OPERATION: Operation = operation::REMOVE_DEPENDENCIES;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let (context, task) = self.0;
        let removed = dependencies::remove(connection, context, task, self.1, self.2).await;
        removed.map_err(|error| self.2.explain(error))
    }
}

pub(super) struct Cancel<'e>(
    pub(super) Write<'e>,
    pub(super) CancelScope,
    pub(super) LockWait,
);

impl PgOperation for Cancel<'_> {
    type Output = CancelOutcome;

    const OPERATION: Operation = operation::CANCEL;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let (context, task) = self.0;
        let cancelled = cancel::cancel(connection, context, task, self.1, self.2).await;
        cancelled.map_err(|error| self.2.explain(error))
    }
}

pub(super) struct Resume<'e>(
    pub(super) Write<'e>,
    pub(super) &'e Document,
    pub(super) LockWait,
);

impl PgOperation for Resume<'_> {
    type Output = ResumeOutcome;

    const OPERATION: Operation = operation::RESUME;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let (context, task) = self.0;
        let resumed = resume::resume(connection, context, task, self.1, self.2).await;
        resumed.map_err(|error| self.2.explain(error))
    }
}

pub(super) struct Get<'e>(pub(super) &'e TaskKey);

impl PgOperation for Get<'_> {
    type Output = Option<Task>;

    const OPERATION: Operation = operation::GET;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        get::get(connection, self.0).await
    }
}

pub(super) struct List<'e>(
    pub(super) &'e UserId,
    pub(super) &'e TaskFilter,
    pub(super) &'e PageRequest<TaskCursor>,
);

impl PgOperation for List<'_> {
    type Output = Page<TaskOverview, TaskCursor>;

    const OPERATION: Operation = operation::LIST;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        list::page(connection, self.0, self.1, self.2).await
    }
}

pub(super) struct Graph<'e>(pub(super) &'e TaskKey);

impl PgOperation for Graph<'_> {
    type Output = TaskGraph;

    const OPERATION: Operation = operation::GRAPH;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        graph::graph(connection, self.0).await
    }
}

pub(super) struct Counts<'e>(pub(super) &'e UserId);

impl PgOperation for Counts<'_> {
    type Output = TaskCounts;

    const OPERATION: Operation = operation::COUNTS;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        counts::counts(connection, self.0).await
    }
}

pub(super) struct Expired<'e>(pub(super) &'e TaskRetention);

impl PgOperation for Expired<'_> {
    type Output = u64;

    const OPERATION: Operation = operation::EXPIRED;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        retention::expired(connection, self.0).await
    }
}

pub(super) struct RemoveExpired<'e>(
    pub(super) &'e TaskRetention,
    pub(super) &'e PageRequest<TaskKey>,
);

impl PgOperation for RemoveExpired<'_> {
    type Output = RemovedTasks;

    const OPERATION: Operation = operation::REMOVE_EXPIRED;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        retention::remove(connection, self.0, self.1).await
    }
}
