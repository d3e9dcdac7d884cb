use std::collections::VecDeque;

use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::agent::{AgentFilter, AgentRepository};
use tasktrail_domain::orchestration::audit::{AuditCursor, AuditFilter, AuditLogRepository};
use tasktrail_domain::orchestration::dispatch::{ExecutionCursor, ExecutionFilter};
use tasktrail_domain::orchestration::task::{TaskCursor, TaskFilter, TaskRepository};
use tasktrail_domain::repository::{PageRequest, PageSize, Result};

use super::OrchestrationRecord;
use super::snapshot::Ports;

/// Agents and tasks of a page. Each may have hundreds of KiB of documents.
const FEW: PageSize = PageSize::DEFAULT;

/// Executions and audit entries of a page, which the ports limit by bytes as well.
const MANY: PageSize = PageSize::MAX;

/// What to read next.
#[derive(Debug)]
pub(super) struct Position {
    /// The agents whose executions are not read yet.
    agents: VecDeque<AgentId>,
    part: Part,
}

#[derive(Debug)]
enum Part {
    Agents(PageRequest<AgentId>),
    Tasks(PageRequest<TaskCursor>),
    /// Those of the first agent.
    Executions(PageRequest<ExecutionCursor>),
    AuditLog(PageRequest<AuditCursor>),
}

impl Position {
    pub(super) fn first() -> Self {
        Self {
            agents: VecDeque::new(),
            part: Part::Agents(PageRequest::first(FEW)),
        }
    }

    /// Reads a page. Returns its records, and the next position.
    pub(super) async fn read(
        self,
        ports: &dyn Ports,
        owner: &UserId,
    ) -> Result<(Records, Option<Self>)> {
        let Self { mut agents, part } = self;
        let (records, part) = match part {
            Part::Agents(page) => read_agents(ports, owner, page, &mut agents).await?,
            Part::Tasks(page) => read_tasks(ports, owner, page).await?,
            Part::Executions(page) => read_executions(ports, owner, page, &mut agents).await?,
            Part::AuditLog(page) => read_audit_log(ports, owner, page).await?,
        };
        Ok((records, part.map(|part| Self { agents, part })))
    }
}

type Records = Vec<OrchestrationRecord>;

async fn read_agents(
    ports: &dyn Ports,
    owner: &UserId,
    page: PageRequest<AgentId>,
    agents: &mut VecDeque<AgentId>,
) -> Result<(Records, Option<Part>)> {
    let listed = AgentRepository::list(ports, owner, &AgentFilter::default(), &page).await?;
    agents.extend(listed.items.iter().map(|agent| agent.key.agent.clone()));
    let records = listed.items.into_iter().map(Box::new);
    let records = records.map(OrchestrationRecord::Agent).collect();
    let tasks = || Part::Tasks(PageRequest::first(FEW));
    let next = page.next(listed.next).map_or_else(tasks, Part::Agents);
    Ok((records, Some(next)))
}

async fn read_tasks(
    ports: &dyn Ports,
    owner: &UserId,
    page: PageRequest<TaskCursor>,
) -> Result<(Records, Option<Part>)> {
    let listed = TaskRepository::list(ports, owner, &TaskFilter::default(), &page).await?;
    let mut records = Vec::with_capacity(listed.items.len());
    for overview in listed.items {
        // A list has tasks without their documents.
        let task = TaskRepository::get(ports, &overview.key).await?;
        records.extend(task.map(Box::new).map(OrchestrationRecord::Task));
    }
    let executions = || Part::Executions(PageRequest::first(MANY));
    let next = page.next(listed.next).map_or_else(executions, Part::Tasks);
    Ok((records, Some(next)))
}

async fn read_executions(
    ports: &dyn Ports,
    owner: &UserId,
    page: PageRequest<ExecutionCursor>,
    agents: &mut VecDeque<AgentId>,
) -> Result<(Records, Option<Part>)> {
    let Some(agent) = agents.front() else {
        return Ok((Vec::new(), Some(Part::AuditLog(PageRequest::first(MANY)))));
    };
    let of_agent = ExecutionFilter::OfAgent(agent.clone());
    let listed = ports.executions(owner, &of_agent, &page).await?;
    let records = listed.items.into_iter().map(Box::new);
    let records = records.map(OrchestrationRecord::Execution).collect();
    let next = page.next(listed.next).unwrap_or_else(|| {
        agents.pop_front();
        PageRequest::first(MANY)
    });
    Ok((records, Some(Part::Executions(next))))
}

async fn read_audit_log(
    ports: &dyn Ports,
    owner: &UserId,
    page: PageRequest<AuditCursor>,
) -> Result<(Records, Option<Part>)> {
    let listed = AuditLogRepository::list(ports, owner, &AuditFilter::default(), &page).await?;
    let records = listed.items.into_iter().map(Box::new);
    let records = records.map(OrchestrationRecord::Audit).collect();
    Ok((records, page.next(listed.next).map(Part::AuditLog)))
}
