//! The export of agents, tasks, executions and the audit log, on both stores.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step of a test is a panic"
)]

use tasktrail::orchestration::agent::{AgentDescription, AgentFilter, Capacity, Lease};
use tasktrail::orchestration::audit::AuditFilter;
use tasktrail::orchestration::dispatch::{
    AttemptResult, ClaimLimit, ClaimOutcome, ClaimedTask, ExecutionFilter, Report, ReportOutcome,
};
use tasktrail::orchestration::task::{CancelScope, TaskFilter, TaskPlan};
use tasktrail::orchestration::{AgentKey, Payload};
use tasktrail::repository::PageRequest;
use tasktrail::{
    DatabaseConfig, DatabaseError, DatabaseManager, OrchestrationAmount, OrchestrationExport,
    OrchestrationRecord, Orchestrator, RegisteredAgent, TaskKey, UserId,
};
use tasktrail_test_support::TestDatabase;

fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

fn bob() -> UserId {
    UserId::new("bob").unwrap()
}

fn orchestrator(manager: &DatabaseManager) -> Orchestrator<'static> {
    manager
        .orchestration("service:release".parse().unwrap())
        .unwrap()
}

/// A manager of a new database, connected.
async fn on_postgres() -> (DatabaseManager, TestDatabase) {
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url()).unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    (manager, database)
}

/// Creates tasks without dependencies, and one that depends on the first.
async fn plan(orchestrator: &Orchestrator<'static>, owner: &UserId, name: &str, tasks: usize) {
    let mut planned: Vec<_> = (0..tasks)
        .map(|number| serde_json::json!({"id": format!("{name}-{number:04}"), "title": name}))
        .collect();
    planned.push(serde_json::json!({
        "id": format!("{name}-last"), "title": name, "dependencies": [format!("{name}-0000")],
    }));
    let plan = serde_json::json!({ "tasks": planned });
    let plan: TaskPlan = serde_json::from_value(plan).unwrap();
    orchestrator.create(owner, &plan).await.unwrap();
}

async fn register(
    orchestrator: &Orchestrator<'static>,
    owner: &UserId,
    id: &str,
) -> RegisteredAgent<'static> {
    let key = AgentKey::new(owner.as_str(), id).unwrap();
    let description = AgentDescription::new("code".parse().unwrap(), id.parse().unwrap())
        .with_capacity(Capacity::MAX)
        .with_lease(Lease::MAX);
    orchestrator.register(&key, description).await.unwrap().0
}

async fn claim(agent: &RegisteredAgent<'static>, limit: ClaimLimit) -> Vec<ClaimedTask> {
    match agent.claim(limit).await.unwrap() {
        ClaimOutcome::Claimed { tasks } => tasks,
        ClaimOutcome::Empty { .. } => Vec::new(),
    }
}

async fn report(agent: &RegisteredAgent<'static>, task: &ClaimedTask, result: AttemptResult) {
    let output = Payload::of(&"x".repeat(300_000)).unwrap();
    let report = Report::new(agent.attempt(task), result).with_output(output);
    let outcome = agent.report(&report).await.unwrap();
    assert!(
        matches!(outcome, ReportOutcome::Recorded { .. }),
        "{outcome:?}"
    );
}

/// More tasks, executions of an agent and audit entries than a page has, executions of every end, and
/// outputs that end a page early.
async fn work(orchestrator: &Orchestrator<'static>, owner: &UserId) {
    plan(orchestrator, owner, "build", 1050).await;
    let dying = register(orchestrator, owner, "builder-1").await;
    assert_eq!(claim(&dying, ClaimLimit::MAX).await.len(), 1000);
    let agent = register(orchestrator, owner, "builder-1").await;
    let tasks = claim(&agent, ClaimLimit::MAX).await;
    let Some([completed, waiting, released, cancelled]) = tasks.first_chunk() else {
        panic!("too few tasks: {}", tasks.len());
    };
    report(&agent, completed, AttemptResult::Completed).await;
    report(&agent, waiting, AttemptResult::Waiting).await;
    let due_at = orchestrator.context().at;
    report(&agent, released, AttemptResult::Released { due_at }).await;
    let cancelled = TaskKey {
        user: owner.clone(),
        task: cancelled.task.clone(),
    };
    orchestrator
        .cancel(&cancelled, CancelScope::Task)
        .await
        .unwrap();
    let other = register(orchestrator, owner, "builder-2").await;
    claim(&other, ClaimLimit::MAX).await;
}

/// All records of an export, each as JSON, sorted.
async fn exported(mut export: OrchestrationExport) -> Result<Vec<String>, DatabaseError> {
    let (mut records, mut amount) = (Vec::new(), OrchestrationAmount::default());
    while let Some(portion) = export.next_portion().await? {
        assert!(portion.len() <= 1000, "{}", portion.len());
        for record in &portion {
            amount.add(record);
        }
        records.extend(portion.iter().map(json));
    }
    assert_eq!(amount, export.read());
    assert_eq!(amount.tasks, export.tasks());
    records.sort();
    Ok(records)
}

fn json(record: &OrchestrationRecord) -> String {
    let json = serde_json::to_string(record).unwrap();
    assert_eq!(*record, serde_json::from_str(&json).unwrap());
    json
}

/// All pages of a list.
macro_rules! all {
    ($list:expr) => {{
        let (mut items, mut page) = (Vec::new(), Some(PageRequest::default()));
        while let Some(request) = page {
            let listed = $list(&request).await.unwrap();
            items.extend(listed.items);
            page = request.next(listed.next);
        }
        items
    }};
}

/// What the ports list, as JSON, sorted.
async fn listed(orchestrator: &Orchestrator<'static>, owner: &UserId) -> Vec<String> {
    let ports = orchestrator.ports();
    let mut records = Vec::new();
    let filter = AgentFilter::default();
    for agent in all!(async |page: &_| ports.agents.list(owner, &filter, page).await) {
        records.push(OrchestrationRecord::Agent(Box::new(agent)));
    }
    let filter = TaskFilter::default();
    for task in all!(async |page: &_| ports.tasks.list(owner, &filter, page).await) {
        let whole = ports.tasks.get(&task.key).await.unwrap().unwrap();
        records.push(OrchestrationRecord::Task(Box::new(whole)));
        let filter = ExecutionFilter::OfTask(task.key.task);
        for execution in
            all!(async |page: &_| ports.dispatch.executions(owner, &filter, page).await)
        {
            records.push(OrchestrationRecord::Execution(Box::new(execution)));
        }
    }
    let filter = AuditFilter::default();
    for entry in all!(async |page: &_| ports.audit_log.list(owner, &filter, page).await) {
        records.push(OrchestrationRecord::Audit(Box::new(entry)));
    }
    let mut records: Vec<_> = records.iter().map(json).collect();
    records.sort();
    records
}

async fn export_is_what_the_ports_listed_when_it_began(manager: &DatabaseManager) {
    let orchestrator = orchestrator(manager);
    plan(&orchestrator, &bob(), "of-bob", 3).await;
    work(&orchestrator, &alice()).await;
    let before = listed(&orchestrator, &alice()).await;

    let export = manager.export_orchestration(&alice()).await.unwrap();
    plan(&orchestrator, &alice(), "later", 3).await;
    let agent = register(&orchestrator, &alice(), "builder-1").await;
    assert!(!claim(&agent, ClaimLimit::DEFAULT).await.is_empty());
    register(&orchestrator, &alice(), "builder-0").await;

    let exported_before = exported(export).await.unwrap();
    assert!(
        exported_before == before,
        "{} records, {} listed",
        exported_before.len(),
        before.len()
    );
    let export = manager.export_orchestration(&alice()).await.unwrap();
    let after = listed(&orchestrator, &alice()).await;
    assert!(exported(export).await.unwrap() == after);
    assert_ne!(after.len(), before.len());
    let of_bob = manager.export_orchestration(&bob()).await.unwrap();
    assert_eq!(
        exported(of_bob).await.unwrap(),
        listed(&orchestrator, &bob()).await
    );
}

#[tokio::test]
async fn export_in_memory_is_what_the_ports_listed_when_it_began() {
    export_is_what_the_ports_listed_when_it_began(&DatabaseManager::in_memory()).await;
}

#[tokio::test]
async fn export_on_postgres_is_what_the_ports_listed_when_it_began() {
    let (manager, _database) = on_postgres().await;
    export_is_what_the_ports_listed_when_it_began(&manager).await;
}

#[tokio::test]
async fn export_of_an_unknown_owner_has_no_records() {
    let (manager, _database) = on_postgres().await;

    for manager in [manager, DatabaseManager::in_memory()] {
        let export = manager.export_orchestration(&alice()).await.unwrap();
        assert_eq!(exported(export).await.unwrap(), Vec::<String>::new());
    }
}

/// The export compares the executions with the attempts of the tasks, which other sessions change.
#[tokio::test(flavor = "multi_thread")]
async fn export_is_complete_while_agents_work() {
    let (manager, _database) = on_postgres().await;
    let orchestrator = orchestrator(&manager);
    plan(&orchestrator, &alice(), "build", 300).await;
    let agent = register(&orchestrator, &alice(), "builder-1").await;
    let working = tokio::spawn(async move {
        loop {
            for task in claim(&agent, ClaimLimit::new(5).unwrap()).await {
                let due_at = orchestrator.context().at;
                let result = AttemptResult::Released { due_at };
                let report = Report::new(agent.attempt(&task), result);
                agent.report(&report).await.unwrap();
            }
        }
    });

    let mut executions = 0;
    while executions < 100 {
        let mut export = manager.export_orchestration(&alice()).await.unwrap();
        while export.next_portion().await.unwrap().is_some() {}
        assert_eq!(export.read().tasks, 301);
        assert!(export.read().executions >= executions);
        executions = export.read().executions;
    }
    working.abort();
}

#[tokio::test]
async fn missing_execution_fails_the_export() {
    let (manager, database) = on_postgres().await;
    let orchestrator = orchestrator(&manager);
    plan(&orchestrator, &alice(), "build", 3).await;
    let agent = register(&orchestrator, &alice(), "builder-1").await;
    assert_eq!(claim(&agent, ClaimLimit::MAX).await.len(), 3);
    database
        .execute("DELETE FROM task_execution WHERE task_id = 'build-0001'")
        .unwrap();

    let export = manager.export_orchestration(&alice()).await.unwrap();
    let error = exported(export).await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "the export is not complete: the store counts 3 executions, but 2 were read"
    );
}

#[tokio::test]
async fn export_continues_after_a_close_and_cannot_begin_then() {
    let (manager, _database) = on_postgres().await;
    plan(&orchestrator(&manager), &alice(), "build", 3).await;
    let export = manager.export_orchestration(&alice()).await.unwrap();

    manager.close().await;

    assert_eq!(exported(export).await.unwrap().len(), 8);
    let refused = manager.export_orchestration(&alice()).await;
    assert!(matches!(refused, Err(DatabaseError::Closed)), "{refused:?}");
}

/// The example in `docs/EXPORT.md` is a line as an export writes it.
#[test]
fn documented_line_is_a_record() {
    let document = include_str!("../../../docs/EXPORT.md");
    let lines = document
        .lines()
        .filter(|line| line.starts_with(r#"{"execution":"#));
    let lines: Vec<_> = lines.collect();

    assert_eq!(lines.len(), 1);
    for line in lines {
        let record: OrchestrationRecord = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
    }
}
