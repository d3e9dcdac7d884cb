//! Everything of an owner, read through the ports.

use std::collections::BTreeMap;

use tasktrail_domain::orchestration::agent::{Agent, AgentFilter};
use tasktrail_domain::orchestration::audit::{AuditEntry, AuditFilter};
use tasktrail_domain::orchestration::dispatch::{Execution, ExecutionFilter, QueueLoad};
use tasktrail_domain::orchestration::task::{Task, TaskCounts, TaskFilter, TaskOverview};
use tasktrail_domain::repository::{Page, PageRequest, PageSize, Result};
use tasktrail_domain::task_history::TaskSummary;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, UserId};

use crate::orchestration::Orchestration;

/// Everything of an owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The agents, by id.
    pub agents: Vec<Agent>,
    /// The tasks, by id.
    pub tasks: BTreeMap<TaskId, TaskRecord>,
    /// The executions of each agent that are open, as the store lists them.
    pub open: BTreeMap<String, Vec<Execution>>,
    /// The audit log, in the order in which the store accepted the entries.
    pub entries: Vec<AuditEntry>,
    /// The numbers of tasks by state.
    pub counts: TaskCounts,
    /// The ready tasks.
    pub load: QueueLoad,
}

/// Everything about one task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRecord {
    /// The task in the list.
    pub overview: TaskOverview,
    /// The task.
    pub task: Task,
    /// Its executions, by attempt.
    pub executions: Vec<Execution>,
    /// Its summary in the task history.
    pub summary: Option<TaskSummary>,
}

impl Content {
    /// Reads everything of an owner.
    pub async fn read(ports: &Orchestration, owner: &UserId) -> Self {
        let filter = AgentFilter::default();
        let agents: Vec<Agent> =
            all(async |page| ports.agents.list(owner, &filter, page).await).await;
        let mut open = BTreeMap::new();
        for agent in &agents {
            let id = agent.key.agent.clone();
            let filter = ExecutionFilter::OpenOfAgent(id.clone());
            open.insert(id.to_string(), executions(ports, owner, &filter).await);
        }
        let filter = AuditFilter::default();
        let mut entries: Vec<AuditEntry> =
            all(async |page| ports.audit_log.list(owner, &filter, page).await).await;
        entries.sort_by_key(|entry| entry.position);
        Self {
            agents,
            tasks: tasks(ports, owner).await,
            open,
            entries,
            counts: ports.tasks.counts(owner).await.unwrap(),
            load: ports.dispatch.load(owner, Timestamp::MAX).await.unwrap(),
        }
    }

    /// Panics unless the list, the counts and the load show the same tasks.
    pub(super) fn assert_same_everywhere(&self) {
        let mut counts = TaskCounts::new();
        for (id, TaskRecord { overview, task, .. }) in &self.tasks {
            assert_eq!(*overview, TaskOverview::of(task), "{id} in the list");
            *counts.entry(task.progress.state).or_default() += 1;
        }
        assert_eq!(self.counts, counts, "the counts");
        let ready: u64 = self.load.queues.iter().map(|queue| queue.ready).sum();
        let is_ready = |record: &&TaskRecord| record.task.progress.due_at.is_some();
        let due = self.tasks.values().filter(is_ready).count();
        assert_eq!(ready, u64::try_from(due).unwrap(), "the load");
    }
}

async fn tasks(ports: &Orchestration, owner: &UserId) -> BTreeMap<TaskId, TaskRecord> {
    let filter = TaskFilter::default();
    let overviews: Vec<TaskOverview> =
        all(async |page| ports.tasks.list(owner, &filter, page).await).await;
    let mut tasks = BTreeMap::new();
    for overview in overviews {
        let key = overview.key.clone();
        let task = ports.tasks.get(&key).await.unwrap();
        let filter = ExecutionFilter::OfTask(key.task.clone());
        let mut executions = executions(ports, owner, &filter).await;
        executions.sort_by_key(|execution| execution.key.attempt);
        let record = TaskRecord {
            overview,
            task: task.unwrap_or_else(|| panic!("{key} is listed, but does not exist")),
            executions,
            summary: ports.history.summary(&key).await.unwrap(),
        };
        let twice = tasks.insert(key.task.clone(), record);
        assert!(twice.is_none(), "{key} is listed twice");
    }
    tasks
}

async fn executions(
    ports: &Orchestration,
    owner: &UserId,
    filter: &ExecutionFilter,
) -> Vec<Execution> {
    all(async |page| ports.dispatch.executions(owner, filter, page).await).await
}

/// Reads all pages of a list.
pub(super) async fn all<T, C>(load: impl AsyncFn(&PageRequest<C>) -> Result<Page<T, C>>) -> Vec<T> {
    let mut items = Vec::new();
    let mut request = Some(PageRequest::first(PageSize::MAX));
    while let Some(asked) = request {
        let page = load(&asked).await.unwrap();
        items.extend(page.items);
        request = asked.next(page.next);
    }
    items
}
