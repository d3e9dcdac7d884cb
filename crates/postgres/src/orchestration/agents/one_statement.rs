//! Tests that the usual calls of agents are one statement each: one round trip.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_conformance::fixture::at;
use tasktrail_conformance::orchestration::fixture::{EditRegistration as _, Writes, registration};
use tasktrail_domain::orchestration::agent::{
    AgentRepository as _, Heartbeat, Retirement, StateRequest, operation,
};
use tasktrail_domain::repository::Operation;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_test_support::TestDatabase;

use crate::orchestration::PostgresOrchestration;
use crate::orchestration::plans_of_all::on_one_connection;

/// Counts the runs of the statements that the connection has prepared.
struct Runs;

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    runs: i64,
}

impl PgOperation for Runs {
    type Output = i64;

    const OPERATION: Operation = operation::GET;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<i64, StoreError> {
        let runs = "SELECT coalesce(sum(generic_plans + custom_plans), 0)::bigint AS runs
                    FROM pg_prepared_statements
                    WHERE statement LIKE '%user_id%'";
        let counted: Counted = diesel::sql_query(runs).get_result(connection).await?;
        Ok(counted.runs)
    }
}

/// Runs a call, and returns the number of its statements.
pub(in crate::orchestration) async fn statements<T>(
    agents: &PostgresOrchestration<'_>,
    call: impl Future<Output = tasktrail_domain::repository::Result<T>>,
) -> i64 {
    let before = agents.run(Runs).await.unwrap();
    call.await.unwrap();
    agents.run(Runs).await.unwrap() - before
}

#[tokio::test]
async fn registrations_without_lost_executions_are_one_statement() {
    let database = TestDatabase::new();
    let agents = on_one_connection(&database).await;
    let writes = Writes::default();
    let first = registration("builder");
    let restarted = registration("builder").by_instance(2).with_capacity(2);
    let retire = StateRequest::Retire(Retirement::IfIdle);

    for (what, registration) in [
        ("unknown", &first),
        ("the same", &first),
        ("a new instance with another description", &restarted),
    ] {
        let write = writes.next();
        let register = agents.register(&write, registration);
        assert_eq!(statements(&agents, register).await, 1, "{what}");
    }
    let write = writes.next();
    let retire = agents.set_state(&write, &first.agent, retire);
    assert!(statements(&agents, retire).await > 1);
    let write = writes.next();
    let revive = agents.register(&write, &first);
    assert_eq!(statements(&agents, revive).await, 1, "retired");
}

#[tokio::test]
async fn heartbeats_and_reads_are_one_statement() {
    let database = TestDatabase::new();
    let agents = on_one_connection(&database).await;
    let builder = registration("builder");
    let key = &builder.agent;
    let heartbeat = Heartbeat::new(key.clone(), builder.instance, at(1)).with_held(Vec::new());
    assert_eq!(statements(&agents, agents.heartbeat(&heartbeat)).await, 1);
    let write = Writes::default().next();
    agents.register(&write, &builder).await.unwrap();

    assert_eq!(statements(&agents, agents.heartbeat(&heartbeat)).await, 1);
    assert_eq!(statements(&agents, agents.get(key)).await, 1);
}
