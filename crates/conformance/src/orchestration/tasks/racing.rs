//! Calls to run concurrently. Each is repeated while it fails because of contention, with the same
//! write id, as the policies do.

use tasktrail_domain::orchestration::dispatch::{AssignOutcome, Report, ReportOutcome};
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, RemovedTasks,
    ResumeOutcome, TaskChange, TaskChanges, TaskFilter, TaskOverview, TaskPlan,
};
use tasktrail_domain::repository::{ErrorKind, Result};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskId};

use super::board::worker;
use super::retention::everything;
use crate::fixture::{page, task, user};
use crate::orchestration::Orchestration;

/// Repeats a call while it fails because of contention.
macro_rules! persisting {
    ($call:expr) => {
        loop {
            match $call.await {
                Err(error) if error.kind() == ErrorKind::Contention => {}
                answer => break answer,
            }
        }
    };
}

/// Returns a creation, which may fail.
pub(super) fn creating(
    ports: &Orchestration,
    context: WriteContext,
    plan: TaskPlan,
) -> impl Future<Output = Result<PlanOutcome>> + Send + use<> {
    let ports = ports.clone();
    async move { persisting!(ports.tasks.create(&context, &user("alice"), &plan)) }
}

/// Returns an addition of dependencies.
pub(super) fn adding(
    ports: &Orchestration,
    context: WriteContext,
    id: &str,
    dependencies: &[Dependency],
) -> impl Future<Output = DependencyChange> + Send + use<> {
    let (ports, task, dependencies) = (ports.clone(), task(id), dependencies.to_vec());
    let call =
        async move { persisting!(ports.tasks.add_dependencies(&context, &task, &dependencies)) };
    async move { call.await.unwrap() }
}

/// Returns a removal of dependencies.
pub(super) fn removing_dependencies(
    ports: &Orchestration,
    context: WriteContext,
    id: &str,
    prerequisites: &[TaskId],
) -> impl Future<Output = DependencyChange> + Send + use<> {
    let (ports, task, prerequisites) = (ports.clone(), task(id), prerequisites.to_vec());
    let call = async move {
        persisting!(
            ports
                .tasks
                .remove_dependencies(&context, &task, &prerequisites)
        )
    };
    async move { call.await.unwrap() }
}

/// Returns a cancel.
pub(super) fn cancelling(
    ports: &Orchestration,
    context: WriteContext,
    id: &str,
    scope: CancelScope,
) -> impl Future<Output = CancelOutcome> + Send + use<> {
    let (ports, task) = (ports.clone(), task(id));
    let call = async move { persisting!(ports.tasks.cancel(&context, &task, scope)) };
    async move { call.await.unwrap() }
}

/// Returns an assignment to the agent of a board.
pub(super) fn assigning(
    ports: &Orchestration,
    context: WriteContext,
    id: &str,
) -> impl Future<Output = AssignOutcome> + Send + use<> {
    let (ports, task, agent) = (ports.clone(), task(id), worker().agent.agent);
    let call = async move { persisting!(ports.dispatch.assign(&context, &task, &agent)) };
    async move { call.await.unwrap() }
}

/// Returns a report.
pub(super) fn reporting(
    ports: &Orchestration,
    context: WriteContext,
    report: Report,
) -> impl Future<Output = ReportOutcome> + Send + use<> {
    let ports = ports.clone();
    let call = async move { persisting!(ports.dispatch.report(&context, &report)) };
    async move { call.await.unwrap() }
}

/// Returns a removal of all tasks of alice that have ended, in batches. It returns the number of
/// removed tasks.
pub(super) fn removing_tasks(
    ports: &Orchestration,
    size: u64,
) -> impl Future<Output = u64> + Send + use<> {
    let ports = ports.clone();
    async move {
        let mut count = 0;
        let mut request = Some(page(size));
        while let Some(batch) = request {
            let removed: Result<RemovedTasks> =
                persisting!(ports.tasks.remove_expired(&everything(), &batch));
            let removed = removed.unwrap();
            count += removed.tasks;
            request = batch.next(removed.next);
        }
        count
    }
}

/// Returns a reading of the whole list of tasks, in pages.
pub(super) fn listing(
    ports: &Orchestration,
    filter: TaskFilter,
    size: u64,
) -> impl Future<Output = Vec<TaskOverview>> + Send + use<> {
    let ports = ports.clone();
    async move {
        let mut tasks = Vec::new();
        let mut request = Some(page(size));
        while let Some(asked) = request {
            let page = ports.task_page(&user("alice"), &filter, &asked).await;
            tasks.extend(page.items);
            request = asked.next(page.next);
        }
        tasks
    }
}

/// Returns an update.
pub(super) fn updating(
    ports: &Orchestration,
    context: WriteContext,
    id: &str,
    changes: TaskChanges,
) -> impl Future<Output = TaskChange> + Send + use<> {
    let (ports, task) = (ports.clone(), task(id));
    let call = async move { persisting!(ports.tasks.update(&context, &task, &changes)) };
    async move { call.await.unwrap() }
}

/// Returns a resume.
pub(super) fn resuming(
    ports: &Orchestration,
    context: WriteContext,
    id: &str,
    answers: Document,
) -> impl Future<Output = ResumeOutcome> + Send + use<> {
    let (ports, task) = (ports.clone(), task(id));
    let call = async move { persisting!(ports.tasks.resume(&context, &task, &answers)) };
    async move { call.await.unwrap() }
}
