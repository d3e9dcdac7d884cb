use tasktrail_conformance::fixture::{task_of, user};
use tasktrail_conformance::orchestration::fixture::{
    EditTask as _, Writes, agent, new_task, plan, plan_of, registration,
};
use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::AttemptKey;
use tasktrail_domain::orchestration::agent::AgentRepository;
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, AttemptResult, DispatchRepository, Report,
};
use tasktrail_domain::orchestration::task::{
    CancelScope, Dependency, TaskChanges, TaskFilter, TaskRepository, TaskRetention,
};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::Scope;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_test_support::TestDatabase;

use crate::orchestration::PostgresOrchestration;

/// Fills the tables of tasks: an owner has 100 tasks, another 50 000, each of which depends on the
/// one before, and 2 000 have 20 each. So the statistics suggest that owners have few tasks.
pub(in crate::orchestration) fn fill(database: &TestDatabase) {
    for statement in FILL {
        database.execute(statement).unwrap();
    }
}

const FILL: [&str; 5] = [
    "INSERT INTO task_state (user_id, task_id, queue_id, state, attempts, counted_attempts, max_attempts,
                             priority, open_dependencies, dependants, due_at, claim_order, created_at,
                             changed_at)
    SELECT owner.user_id, 'task-' || n, 1, state, 0, 0, 3, 0, (state = 'blocked')::int, (n < tasks)::int,
           CASE WHEN state = 'ready' THEN now() END, CASE WHEN state = 'ready' THEN now() END,
           now() - n * interval '1 minute', now()
    FROM (VALUES ('small', 100), ('large', 50000)
          UNION ALL SELECT 'user-' || n, 20 FROM generate_series(1, 2000) AS n) AS owner (user_id, tasks),
         generate_series(1, owner.tasks) AS n,
         LATERAL (SELECT CASE WHEN n = 1 THEN 'ready' WHEN n % 5000 = 8 THEN 'failed'
                         ELSE 'blocked' END AS state) AS of_task",
    "INSERT INTO task (user_id, task_id, parent_id, title, description, tags, requirements,
                       required_capabilities, context, priority, max_attempts, definition, created_at,
                       updated_at, version)
    SELECT user_id, task_id, CASE WHEN task_id LIKE '%999' THEN 'task-7' END, task_id, '', '[]', '{}', '{}',
           '{}', 0, 3, gen_random_uuid(), created_at, created_at, 1
    FROM task_state",
    "INSERT INTO task_dependency (user_id, task_id, prerequisite_id, waits_for)
    SELECT user_id, task_id, 'task-' || substr(task_id, 6)::int - 1, 'success'
    FROM task_state WHERE task_id <> 'task-1'",
    "INSERT INTO agent_presence
    SELECT 'user-' || n, 'agent', gen_random_uuid(), 'active', 1, 60, 0, '2026-01-01', '2026-01-01'
    FROM generate_series(1, 2000) AS n;
    INSERT INTO task_execution
        (user_id, task_id, attempt, agent_id, instance, state, assigned_at, closed_at)
    SELECT user_id, task_id, 1, 'agent', gen_random_uuid(), 'lost', '2026-01-01', '2026-01-01'
    FROM task_state
    WHERE user_id LIKE 'user-%'",
    "ANALYZE",
];

/// The calls of other ports have another owner, so that no write id is used twice.
const OWNER: &str = "bob";

/// Calls every operation of the port of tasks, with each of their statements.
pub(super) async fn one_of_each(orchestration: &PostgresOrchestration<'_>, writes: &Writes) {
    creations(orchestration, writes).await;
    changes(orchestration, writes).await;
    waiting(orchestration, writes).await;
    reads(orchestration).await;
    let owner = Scope::User(user(OWNER));
    let retention = TaskRetention::ended_before(owner, Timestamp::MAX);
    orchestration.expired(&retention).await.unwrap();
    let page = PageRequest::default();
    let removed = orchestration
        .remove_expired(&retention, &page)
        .await
        .unwrap();
    assert_ne!(removed.tasks, 0);
}

async fn creations(tasks: &impl TaskRepository, writes: &Writes) {
    let owner = user(OWNER);
    let outer = new_task("outer").after("build").part_of("build");
    for plan in [
        plan_of(["build", "review", "ask"]),
        plan([outer]),
        plan([new_task("lost").after("nothing")]),
    ] {
        tasks.create(&writes.next(), &owner, &plan).await.unwrap();
    }
}

async fn changes(tasks: &impl TaskRepository, writes: &Writes) {
    let build = task_of(OWNER, "build");
    let mut changes = TaskChanges::default();
    changes.title = Some("Build".parse().unwrap());
    tasks
        .update(&writes.next(), &build, &changes)
        .await
        .unwrap();
    let review = Dependency::success(task_of(OWNER, "review").task);
    let added = [review.clone()];
    tasks
        .add_dependencies(&writes.next(), &build, &added)
        .await
        .unwrap();
    let removed = [review.prerequisite];
    tasks
        .remove_dependencies(&writes.next(), &build, &removed)
        .await
        .unwrap();
    // Skips what depends on it.
    tasks
        .cancel(&writes.next(), &build, CancelScope::Task)
        .await
        .unwrap();
}

/// A task that waits and is resumed, and then executed and cancelled.
async fn waiting(orchestration: &PostgresOrchestration<'_>, writes: &Writes) {
    let ask = task_of(OWNER, "ask");
    let mut worker = registration("worker");
    worker.agent.user = user(OWNER);
    orchestration
        .register(&writes.next(), &worker)
        .await
        .unwrap();
    let attempt = assign(orchestration, writes, &ask).await;
    let report = Report::new(attempt, AttemptResult::Waiting);
    orchestration.report(&writes.next(), &report).await.unwrap();
    let answers = r#"{"answer": 42}"#.parse().unwrap();
    orchestration
        .resume(&writes.next(), &ask, &answers)
        .await
        .unwrap();
    assign(orchestration, writes, &ask).await;
    let scope = CancelScope::Descendants;
    orchestration
        .cancel(&writes.next(), &ask, scope)
        .await
        .unwrap();
}

async fn assign(dispatch: &impl DispatchRepository, writes: &Writes, task: &TaskKey) -> AttemptKey {
    let worker = agent("worker").agent;
    let assigned = dispatch
        .assign(&writes.next(), task, &worker)
        .await
        .unwrap();
    let AssignOutcome::Assigned { attempt, .. } = assigned else {
        panic!("{assigned:?}");
    };
    AttemptKey::new(task.clone(), attempt)
}

async fn reads(tasks: &impl TaskRepository) {
    let owner = user(OWNER);
    let page = PageRequest::default();
    tasks.get(&task_of(OWNER, "review")).await.unwrap();
    for filter in [
        TaskFilter::default(),
        TaskFilter::default().with_parent(task_of(OWNER, "build").task),
    ] {
        tasks.list(&owner, &filter, &page).await.unwrap();
    }
    tasks.graph(&task_of(OWNER, "review")).await.unwrap();
    tasks.counts(&owner).await.unwrap();
}
