//! Agents and the server are killed, and tasks are cancelled, while a plan is executed: what is
//! recorded fits together.
//!
//! `CHAOS_TASKS` and `CHAOS_AGENTS` set the number of tasks (2000) and of agents (8).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::env;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tasktrail::orchestration::task::{
    CancelScope, Dependency, NewTask, PlanOutcome, TaskDefinition, TaskPlan,
};
use tasktrail::{
    DatabaseConfig, DatabaseManager, MaintenancePolicy, Orchestrator, Schedule, TaskId, TaskKey,
    UserId,
};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};

/// Tasks of one plan.
const PLAN: usize = 100;

/// What must hold after any load, as queries that return no row.
const INVARIANTS: [(&str, &str); 9] = [
    (
        "a task has two open executions",
        "SELECT user_id, task_id FROM task_execution WHERE closed_at IS NULL
         GROUP BY user_id, task_id HAVING count(*) > 1",
    ),
    (
        "the slots of an agent are not its open executions",
        "SELECT agent_id FROM agent_presence AS agent WHERE open_executions <> (
             SELECT count(*) FROM task_execution AS execution
             WHERE execution.user_id = agent.user_id AND execution.agent_id = agent.agent_id
                 AND closed_at IS NULL)",
    ),
    (
        "the number of open dependencies is wrong",
        "SELECT task_id FROM task_state AS task WHERE state = 'blocked' AND open_dependencies <> (
             SELECT count(*) FROM task_dependency AS edge JOIN task_state AS prerequisite
                 ON prerequisite.user_id = edge.user_id
                 AND prerequisite.task_id = edge.prerequisite_id
             WHERE edge.user_id = task.user_id AND edge.task_id = task.task_id
                 AND prerequisite.state IN ('blocked', 'ready', 'assigned', 'running', 'waiting'))",
    ),
    (
        "a task is executed before its prerequisites have ended",
        "SELECT task.task_id FROM task_state AS task
         JOIN task_dependency AS edge USING (user_id, task_id)
         JOIN task_state AS prerequisite ON prerequisite.user_id = edge.user_id
             AND prerequisite.task_id = edge.prerequisite_id
         WHERE task.state NOT IN ('blocked', 'skipped', 'cancelled')
             AND prerequisite.state NOT IN ('completed')",
    ),
    (
        "a task was skipped without a cause",
        "SELECT task_id FROM task_state AS task WHERE state = 'skipped' AND NOT EXISTS (
             SELECT FROM task_dependency AS edge JOIN task_state AS prerequisite
                 ON prerequisite.user_id = edge.user_id
                 AND prerequisite.task_id = edge.prerequisite_id
             WHERE edge.user_id = task.user_id AND edge.task_id = task.task_id
                 AND prerequisite.state IN ('failed', 'cancelled', 'timed_out', 'skipped'))",
    ),
    (
        "a claim is not in the audit log exactly once",
        "SELECT task_id, attempt FROM task_execution AS execution WHERE 1 <> (
             SELECT count(*) FROM audit_log WHERE user_id = execution.user_id AND entity = 'task'
                 AND entity_id = task_id AND action = 'task.claimed'
                 AND after ->> 'attempt' = attempt::text)",
    ),
    (
        "the end of an attempt is not in the audit log exactly once",
        "SELECT task_id, attempt FROM task_execution AS execution
         WHERE state <> 'cancelled' AND closed_at IS NOT NULL AND 1 <> (
             SELECT count(*) FROM audit_log WHERE user_id = execution.user_id AND entity = 'task'
                 AND entity_id = task_id AND action = 'task.' || state
                 AND after ->> 'attempt' = attempt::text)",
    ),
    (
        "the end of a task is not in the audit log exactly once",
        "SELECT task_id, state FROM task_state AS task
         WHERE state IN ('completed', 'cancelled', 'skipped') AND 1 <> (
             SELECT count(*) FROM audit_log WHERE user_id = task.user_id AND entity = 'task'
                 AND entity_id = task_id AND action = 'task.' || state)",
    ),
    (
        "an ended task is not finished in the task history",
        "SELECT task_id FROM task_state AS task
         WHERE state IN ('completed', 'failed', 'cancelled', 'timed_out', 'skipped')
             AND NOT EXISTS (SELECT FROM task_summary AS summary
                 WHERE summary.user_id = task.user_id AND summary.task_id = task.task_id
                     AND finished_status = replace(task.state, 'skipped', 'cancelled'))",
    ),
];

fn setting<T: FromStr>(name: &str, default: T) -> T {
    let value = env::var(name).ok();
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// The processes of agents.
struct Agents {
    database: String,
    processes: Vec<Child>,
    killed: usize,
    /// The agent that was killed and is not to be started again before the next is killed.
    gone: Option<usize>,
}

impl Agents {
    fn start(database: &TestDatabase, count: usize) -> Self {
        let database = database.url();
        let processes = (0..count).map(|number| agent(&database, number)).collect();
        Self {
            database,
            processes,
            killed: 0,
            gone: None,
        }
    }

    /// Kills an agent. Every other one stays away until the next is killed, so that its tasks are
    /// reaped.
    fn kill_next(&mut self) {
        let number = self.killed % self.processes.len();
        let process = self.processes.get_mut(number).unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        self.killed += 1;
        self.gone = (!self.killed.is_multiple_of(2)).then_some(number);
    }

    /// Starts the agents that have ended: an agent gives up if the server is killed too often.
    fn restart(&mut self) {
        for (number, process) in self.processes.iter_mut().enumerate() {
            if self.gone != Some(number) && process.try_wait().unwrap().is_some() {
                *process = agent(&self.database, number);
            }
        }
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _already_ended = process.kill();
            process.wait().unwrap();
        }
    }
}

fn agent(database: &str, number: usize) -> Child {
    Command::new(env!("CARGO_BIN_EXE_agent"))
        .arg(format!("agent-{number}"))
        .env("DATABASE_URL", database)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn task(plan: usize, number: usize) -> TaskId {
    TaskId::new(format!("task-{plan}-{number}")).unwrap()
}

/// A plan in which each task depends on up to two of the twenty before it.
fn plan(plan: usize) -> TaskPlan {
    let tasks = (0..PLAN).map(|number| {
        let title = format!("Task {number} of plan {plan}").parse().unwrap();
        let mut before: Vec<usize> = [7, 13]
            .into_iter()
            .filter_map(|distance| number.checked_sub(distance + plan % 3))
            .collect();
        before.dedup();
        let dependencies = before
            .into_iter()
            .map(|before| Dependency::success(task(plan, before)));
        NewTask::new(task(plan, number), TaskDefinition::new(title))
            .with_dependencies(dependencies.collect())
    });
    TaskPlan::new(tasks.collect()).unwrap()
}

fn count(database: &TestDatabase, condition: &str) -> usize {
    let query = format!("SELECT count(*) FROM task_state WHERE {condition}");
    let rows = database.execute(&query).unwrap_or_default();
    let value = rows
        .first()
        .and_then(|row| row.first()?.as_deref()?.parse().ok());
    // The server may be down.
    value.unwrap_or(usize::MAX)
}

async fn kill_server(server: &Arc<Server>) {
    let server = Arc::clone(server);
    let restart = move || {
        server.kill();
        server.restart();
    };
    tokio::task::spawn_blocking(restart).await.unwrap();
}

/// Cancels tasks, and kills agents and the server, until few tasks are left; then waits for these.
async fn disturb(
    orchestrator: &Orchestrator<'_>,
    server: &Arc<Server>,
    database: &TestDatabase,
    agents: &mut Agents,
    plans: usize,
) {
    const OPEN: &str = "state IN ('blocked', 'ready', 'assigned', 'running', 'waiting')";
    let total = plans * PLAN;
    let mut open = count(database, OPEN);
    for round in 0.. {
        if open <= total / 10 {
            break;
        }
        agents.kill_next();
        let cancelled = task(round % plans, PLAN - 1 - round % 10);
        let key = TaskKey::new("default", cancelled).unwrap();
        // Fails if the server is killed too often during the call.
        let _cancelled = orchestrator.cancel(&key, CancelScope::Task).await;
        if round % 5 == 4 {
            kill_server(server).await;
        }
        let fewer = open.saturating_sub((total / 40).min(250));
        wait_until("more tasks end", || {
            agents.restart();
            open = count(database, OPEN);
            open <= fewer
        });
    }
    agents.gone = None;
    wait_until("all tasks end", || {
        agents.restart();
        count(database, OPEN) == 0
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_agents_and_servers_leave_everything_sound() {
    let plans = setting("CHAOS_TASKS", 2000_usize).div_ceil(PLAN);
    let server = Arc::new(ServerOptions::default().durable().start().unwrap());
    let database = TestDatabase::create(&server);
    let config = DatabaseConfig::from_url(database.url()).unwrap();
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    let policy = MaintenancePolicy::new(Schedule::Every(Duration::from_secs(3600)))
        .with_reap_every(Duration::from_secs(1));
    let _maintenance = manager.maintenance(policy).unwrap();
    let orchestrator = manager
        .orchestration("service:test".parse().unwrap())
        .unwrap();
    let owner = UserId::new("default").unwrap();
    for number in 0..plans {
        let created = orchestrator.create(&owner, &plan(number)).await.unwrap();
        assert!(matches!(created, PlanOutcome::Created { .. }));
    }

    let mut agents = Agents::start(&database, setting("CHAOS_AGENTS", 8));
    disturb(&orchestrator, &server, &database, &mut agents, plans).await;
    let killed = agents.killed;
    drop(agents);

    for (problem, query) in INVARIANTS {
        let rows = database.execute(query).unwrap();
        assert!(rows.is_empty(), "{problem}: {rows:?}");
    }
    let executions = "SELECT state, count(*) FROM task_execution GROUP BY state ORDER BY state";
    println!(
        "{} tasks, {killed} agents killed, executions: {:?}",
        plans * PLAN,
        database.execute(executions).unwrap()
    );
}
