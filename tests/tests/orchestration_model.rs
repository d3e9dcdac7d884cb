//! Random sequences of writes to orchestration, run on the in-memory adapter and on PostgreSQL. Both
//! have to return the same results and to have the same contents after each write.
//!
//! `TASKTRAIL_MODEL_CASES` sets the number of sequences. The default is 48.
#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tasktrail_conformance::Orchestration;
use tasktrail_conformance::fixture::{USERS, user};
use tasktrail_conformance::orchestration::model::{self, Action, Sent, contents, perform};
use tasktrail_conformance::orchestration::soundness::assert_sound;
use tasktrail_in_memory::{InMemoryOrchestration, InMemoryStore};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, PostgresOrchestration};
use tasktrail_test_support::TestDatabase;
use tokio::runtime::Runtime;

prop_state_machine! {
    #![proptest_config(Config { cases: cases(), ..Config::default() })]

    #[test]
    fn both_adapters_of_orchestration_return_the_same(sequential 1..=40 => SideBySide);
}

fn cases() -> u32 {
    std::env::var("TASKTRAIL_MODEL_CASES").map_or(48, |cases| cases.parse().unwrap())
}

/// What was sent so far. It does not predict results.
#[derive(Debug)]
struct Earlier;

impl ReferenceStateMachine for Earlier {
    type State = Sent;
    type Transition = Action;

    fn init_state() -> BoxedStrategy<Sent> {
        Just(Sent::default()).boxed()
    }

    fn transitions(sent: &Sent) -> BoxedStrategy<Action> {
        model::action(sent)
    }

    fn apply(mut sent: Sent, action: &Action) -> Sent {
        sent.add(action);
        sent
    }
}

/// Both adapters, empty at the start of a sequence.
#[derive(Debug)]
struct SideBySide {
    in_memory: Orchestration,
    postgres: Orchestration,
    removes: bool,
}

impl StateMachineTest for SideBySide {
    type SystemUnderTest = Self;
    type Reference = Earlier;

    fn init_test(_: &Sent) -> Self {
        SERVER.database.execute(EMPTY).unwrap();
        Self {
            in_memory: in_memory(),
            postgres: SERVER.ports.clone(),
            removes: false,
        }
    }

    fn apply(mut adapters: Self, _: &Sent, action: Action) -> Self {
        adapters.removes |= matches!(action, Action::RemoveExpired { .. });
        let sides = "left: in memory, right: Postgres";
        SERVER.runtime.block_on(async {
            let expected = perform(&adapters.in_memory, &action).await;
            let answered = perform(&adapters.postgres, &action).await;
            assert_eq!(expected, answered, "{sides}, after {action:?}");
            let expected = contents(&adapters.in_memory).await;
            let content = contents(&adapters.postgres).await;
            assert_eq!(expected, content, "{sides}, after {action:?}");
        });
        adapters
    }

    fn teardown(adapters: Self, _: Sent) {
        // The history of a removed task is kept, and so differs from a new task of its id.
        if adapters.removes {
            return;
        }
        SERVER.runtime.block_on(async {
            for owner in USERS.map(user) {
                assert_sound(&adapters.in_memory, &owner).await;
            }
        });
    }
}

/// Empties all tables of orchestration and of the task history.
const EMPTY: &str = "TRUNCATE agent, agent_presence, task, task_state, task_dependency, \
    task_execution, task_queue, task_graph, audit_log, task_history, task_summary";

fn in_memory() -> Orchestration {
    let store = InMemoryStore::new();
    let ports = Arc::new(store.orchestration());
    Orchestration {
        agents: Arc::<InMemoryOrchestration>::clone(&ports),
        tasks: Arc::<InMemoryOrchestration>::clone(&ports),
        dispatch: Arc::<InMemoryOrchestration>::clone(&ports),
        audit_log: ports,
        history: Arc::new(store.task_history()),
    }
}

static SERVER: LazyLock<OneServer> = LazyLock::new(OneServer::start);

/// One database for all sequences, because creating one takes longer than a sequence.
struct OneServer {
    runtime: Runtime,
    database: TestDatabase,
    ports: Orchestration,
}

impl OneServer {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let database = TestDatabase::new();
        let config = PostgresConfig::from_url(database.url()).unwrap();
        let postgres = runtime.block_on(async {
            let postgres = PostgresDatabase::connect(config).await.unwrap();
            postgres.migrate().await.unwrap();
            postgres
        });
        let ports = Arc::new(postgres.orchestration());
        let ports = Orchestration {
            agents: Arc::<PostgresOrchestration<'_>>::clone(&ports),
            tasks: Arc::<PostgresOrchestration<'_>>::clone(&ports),
            dispatch: Arc::<PostgresOrchestration<'_>>::clone(&ports),
            audit_log: ports,
            history: Arc::new(postgres.task_history()),
        };
        Self {
            runtime,
            database,
            ports,
        }
    }
}
