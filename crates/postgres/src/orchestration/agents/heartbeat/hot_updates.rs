//! Tests that heartbeats update their row in its page (HOT): they leave nothing in indexes for vacuum.

use std::time::Duration;

use tasktrail_conformance::fixture::at;
use tasktrail_conformance::orchestration::fixture::{Writes, registration};
use tasktrail_domain::orchestration::agent::{AgentRepository, Heartbeat, HeartbeatOutcome};
use tasktrail_test_support::{TestDatabase, wait_until};

use crate::{PostgresConfig, PostgresDatabase};

/// The number of updates of presences, and how many of them were HOT.
fn updates(database: &TestDatabase) -> (u64, u64) {
    let counters = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
                    WHERE relname = 'agent_presence'";
    let row = database.execute(counters).unwrap().concat();
    let mut numbers = row.iter().map(|number| number.as_ref().unwrap().parse());
    let mut next = || numbers.next().unwrap().unwrap();
    (next(), next())
}

#[tokio::test]
async fn heartbeats_are_hot_updates() {
    const BEATS: u64 = 500;
    let database = TestDatabase::new();
    let config = PostgresConfig::from_url(database.url()).unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    let agents = postgres.orchestration();
    let builder = registration("builder");
    let write = Writes::default().next();
    agents.register(&write, &builder).await.unwrap();

    for second in 1..=BEATS {
        let beat = Heartbeat::new(builder.agent.clone(), builder.instance, at(second));
        let outcome = agents.heartbeat(&beat).await.unwrap();
        assert!(
            matches!(outcome, HeartbeatOutcome::Accepted { .. }),
            "{outcome:?}"
        );
    }
    // A connection reports what it counted when it ends.
    postgres.close(Duration::from_secs(60)).await;

    wait_until("the updates are counted", || updates(&database).0 == BEATS);
    let (all, hot) = updates(&database);
    // While another session has a snapshot, such as an autovacuum worker that analyzes, old versions
    // cannot be removed, and an update may need another page.
    assert!(hot >= all / 10 * 9, "{hot} of {all} updates were HOT");
}
