//! Tests what the statements of dispatch read for an owner with many tasks, on tables whose
//! statistics suggest few tasks per owner.

use tasktrail_postgres_client::statement::Statement;
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

use super::claim::ClaimTasks;
use super::executions::statements::{OfAgent, OfTask, OpenOfAgent};
use super::reap::statements::Reapable;
use super::report::statements::ReportCompleted;
use super::start::StartAttempt;
use crate::generic_plan::{GenericPlan, pages};
use crate::orchestration::PostgresOrchestration;
use crate::{PostgresConfig, PostgresDatabase};

/// The owner `large` has 20 000 tasks, a tenth of them blocked, and the agents `idle`, `busy` with
/// 1000 open executions and 10 000 closed ones, and `offline` with 200 open ones. The tasks that
/// `idle` fits are in one queue beside 1000 that it does not fit. 2000 other owners have 20 tasks
/// each.
const FILL: &str = "
INSERT INTO agent
SELECT 'large', id, 'code', 'An agent', '{}', '{}', now(), now(), 1
FROM unnest('{idle,busy,offline}'::text[]) AS id;
INSERT INTO agent_presence
SELECT 'large', id, '00000000-0000-7000-8000-000000000001', 'active', 1000, 60, open, '2026-01-01',
       CASE WHEN id = 'offline' THEN '2026-01-01' ELSE timestamptz '2026-01-03' END
FROM unnest('{idle,busy,offline}'::text[], '{0,1000,200}'::int[]) AS agent (id, open);
INSERT INTO agent_presence
SELECT 'user-' || n, 'idle', '00000000-0000-7000-8000-000000000001', 'active', 1, 60, 0,
       '2026-01-01', '2026-01-01'
FROM generate_series(1, 2000) AS n;
INSERT INTO task_queue
SELECT 'large', n, jsonb_build_object('agent_type', CASE n WHEN 0 THEN 'code' ELSE 'other-' || n END)
FROM generate_series(0, 1000) AS n;
CREATE TEMPORARY TABLE filled AS
SELECT owner, n, 'task-' || n AS id,
       CASE WHEN n % 10 = 0 THEN 0 ELSE n % 1000 + 1 END AS queue,
       CASE WHEN n % 10 < 2 THEN 'ready' WHEN n % 10 = 2 THEN 'blocked'
            WHEN n % 10 = 3 AND n <= 12000 THEN 'assigned' ELSE 'completed' END AS state,
       CASE WHEN n <= 10000 THEN 'busy' ELSE 'offline' END AS agent
FROM (VALUES ('large', 20000) UNION ALL SELECT 'user-' || n, 20 FROM generate_series(1, 2000) AS n)
     AS owners (owner, tasks), generate_series(1, tasks) AS n;
INSERT INTO task
SELECT owner, id, NULL, 'A task', '', '[]', '{}', '{}', '{}', 0, 3, NULL, gen_random_uuid(),
       '2026-01-01', '2026-01-01', 1
FROM filled;
INSERT INTO task_dependency
SELECT owner, id, CASE WHEN n <= 1000 THEN 'task-3' ELSE 'task-13' END, 'success'
FROM filled
WHERE state = 'blocked' AND owner = 'large' AND n <= 1020;
INSERT INTO task_state
SELECT owner, id, queue, state, 1, 0, 3, 0, NULL, CASE state WHEN 'assigned' THEN agent END,
       CASE state WHEN 'blocked' THEN 1 ELSE 0 END,
       CASE id WHEN 'task-3' THEN 100 WHEN 'task-13' THEN 2 ELSE 0 END,
       CASE state WHEN 'ready' THEN at END, CASE state WHEN 'ready' THEN at END, at, at
FROM filled, LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 s') AS due (at);
INSERT INTO task_execution (user_id, task_id, attempt, agent_id, instance, state, assigned_at, closed_at)
SELECT owner, id, 1, agent, '00000000-0000-7000-8000-000000000001', state,
       timestamptz '2026-01-01' + n * interval '1 s',
       CASE state WHEN 'completed' THEN timestamptz '2026-01-02' END
FROM filled
WHERE state IN ('assigned', 'completed');
SET synchronous_commit = on;
DROP TABLE filled";

const ANALYZE: &str = "VACUUM ANALYZE agent, agent_presence, task, task_state, task_dependency,
    task_execution, task_queue, task_summary, audit_log";

/// A statement with its parameters, and the limit of pages that it may read.
struct Case {
    name: &'static str,
    sql: &'static str,
    types: &'static str,
    parameters: String,
    most: u64,
}

const CLAIM: &str = "text, text, uuid, timestamptz, integer, uuid, text, text, text, text";
const REPORT: &str =
    "text, text, integer, timestamptz, uuid, text, text, jsonb, integer, bigint, text";
const START: &str = "text, text, integer, timestamptz, uuid, text, text, text";
const EXECUTIONS: &str = "text, text, timestamptz, text, integer, bigint, bigint";

fn writes() -> Vec<Case> {
    let claim = |at: &str| {
        format!(
            "'large', 'idle', '00000000-0000-7000-8000-000000000001', '{at}', 10, gen_random_uuid(),
             'agent:idle', NULL, 'idle', '1s'"
        )
    };
    let attempt = |id: &str| {
        format!("'large', '{id}', 1, '2026-01-02', gen_random_uuid(), 'agent:busy', NULL")
    };
    vec![
        Case {
            name: "a claim of 10 tasks beside 1000 queues that the agent does not fit",
            sql: ClaimTasks::SQL,
            types: CLAIM,
            parameters: claim("2026-01-02"),
            most: 400,
        },
        Case {
            name: "a claim beside 2000 tasks of its queue, none of which is due",
            sql: ClaimTasks::SQL,
            types: CLAIM,
            parameters: claim("2025-12-01"),
            most: 60,
        },
        Case {
            name: "a start",
            sql: StartAttempt::SQL,
            types: START,
            parameters: attempt("task-23") + ", '1s'",
            most: 20,
        },
        Case {
            name: "a report that unlocks 2 tasks, of 2000 that are blocked",
            sql: ReportCompleted::SQL,
            types: REPORT,
            parameters: attempt("task-13") + ", '{}', 1, 2, '1s'",
            most: 120,
        },
        Case {
            name: "a report that unlocks 100 tasks",
            sql: ReportCompleted::SQL,
            types: REPORT,
            parameters: attempt("task-3") + ", '{}', 1, 2, '1s'",
            most: 100 * 30,
        },
        Case {
            name: "a reap of 100 executions",
            sql: Reapable::SQL,
            types: "timestamptz, bigint",
            parameters: "'2026-01-02', 100".into(),
            most: 1500,
        },
    ]
}

fn reads() -> Vec<Case> {
    let of = |of: &str| format!("'large', '{of}', '9999-01-01', '', 0, 101, 524288");
    let case = |name, sql, parameters, most| Case {
        name,
        sql,
        types: EXECUTIONS,
        parameters,
        most,
    };
    vec![
        case(
            "a page of the executions of an agent",
            OfAgent::SQL,
            of("busy"),
            130,
        ),
        case(
            "a page of the open executions of an agent",
            OpenOfAgent::SQL,
            of("busy"),
            130,
        ),
        case("the executions of a task", OfTask::SQL, of("task-3"), 20),
    ]
}

async fn filled(database: &TestDatabase) -> PostgresOrchestration<'static> {
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_connections(1, 1)
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    database.execute(FILL).unwrap();
    database.execute(ANALYZE).unwrap();
    postgres.orchestration()
}

#[tokio::test]
async fn statements_read_index_ranges_for_an_owner_with_many_tasks() {
    // An autovacuum worker has a snapshot that would keep VACUUM from marking pages as all-visible.
    let server: Server = ServerOptions::default()
        .setting("autovacuum", "off")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let orchestration = filled(&database).await;

    for case in reads().into_iter().chain(writes()) {
        let explain = async || {
            let generic = GenericPlan {
                sql: case.sql,
                types: case.types,
                parameters: &case.parameters,
            };
            orchestration.run(generic).await.unwrap()
        };
        let mut plan = explain().await;
        if case.types == EXECUTIONS {
            // Not counting what a session reads from the catalogs the first time.
            plan = explain().await;
        }
        assert!(
            pages(&plan) <= case.most && !plan.contains("Seq Scan"),
            "{} reads {} pages, expected at most {}: {plan}",
            case.name,
            pages(&plan),
            case.most
        );
    }
}
