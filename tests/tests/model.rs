//! Random sequences of actions run on the in-memory adapter and on PostgreSQL. Both have to return
//! the same results and to have the same contents at the end.
//!
//! `TASKTRAIL_MODEL_CASES` sets the number of sequences. The default is 48.
#![expect(clippy::unwrap_used, reason = "a failed step of a test panics")]

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tasktrail_conformance::model::{self, Action, perform};
use tasktrail_conformance::{History, Repository};
use tasktrail_domain::task_history::HistoryEntry;
use tasktrail_in_memory::InMemoryTaskHistory;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::TestDatabase;
use tokio::runtime::Runtime;

prop_state_machine! {
    #![proptest_config(Config { cases: cases(), ..Config::default() })]

    #[test]
    fn both_adapters_return_the_same_results(sequential 1..=30 => SideBySide);
}

fn cases() -> u32 {
    std::env::var("TASKTRAIL_MODEL_CASES").map_or(48, |cases| cases.parse().unwrap())
}

/// The entries sent so far, so that later actions can repeat them or conflict with them. It does
/// not predict results.
#[derive(Debug)]
struct Sent;

impl ReferenceStateMachine for Sent {
    type State = Vec<HistoryEntry>;
    type Transition = Action;

    fn init_state() -> BoxedStrategy<Self::State> {
        Just(Vec::new()).boxed()
    }

    fn transitions(sent: &Self::State) -> BoxedStrategy<Action> {
        model::action(sent)
    }

    fn apply(mut sent: Self::State, action: &Action) -> Self::State {
        sent.extend_from_slice(action.saves());
        sent
    }
}

/// Both adapters, empty at the start of a sequence.
#[derive(Debug)]
struct SideBySide {
    in_memory: Repository,
    postgres: Repository,
}

impl StateMachineTest for SideBySide {
    type SystemUnderTest = Self;
    type Reference = Sent;

    fn init_test(_: &Vec<HistoryEntry>) -> Self {
        SERVER
            .database
            .execute("TRUNCATE task_history, task_summary")
            .unwrap();
        Self {
            in_memory: Arc::new(InMemoryTaskHistory::new()),
            postgres: Arc::new(SERVER.postgres.task_history()),
        }
    }

    fn apply(adapters: Self, _: &Vec<HistoryEntry>, action: Action) -> Self {
        let (in_memory, postgres) = SERVER.runtime.block_on(async {
            (
                perform(&adapters.in_memory, &action).await,
                perform(&adapters.postgres, &action).await,
            )
        });
        assert_eq!(
            in_memory, postgres,
            "left: in memory, right: Postgres, after {action:?}"
        );
        adapters
    }

    fn teardown(adapters: Self, _: Vec<HistoryEntry>) {
        let (in_memory, postgres) = (
            History::of(adapters.in_memory),
            History::of(adapters.postgres),
        );
        SERVER.runtime.block_on(async {
            let expected = in_memory.snapshot().await;
            expected.assert_consistent();
            assert_eq!(
                expected,
                postgres.snapshot().await,
                "left: in memory, right: Postgres"
            );
        });
    }
}

static SERVER: LazyLock<OneServer> = LazyLock::new(OneServer::start);

/// One database for all sequences, because creating one takes longer than a sequence.
struct OneServer {
    runtime: Runtime,
    database: TestDatabase,
    postgres: PostgresDatabase,
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
        Self {
            runtime,
            database,
            postgres,
        }
    }
}
