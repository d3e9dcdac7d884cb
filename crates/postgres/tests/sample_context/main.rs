//! A tiny context, `bookmarks`, with every piece that `docs/ADDING-A-CONTEXT.md` lists.
//!
//! Its folders mirror those of the repository. `tests/tests/contexts` checks that no piece is
//! missing, and that the check reports each piece that is removed. Here the pieces are compiled, and
//! pass their contract in memory, behind the policies, and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]
#![expect(
    unreachable_pub,
    reason = "cases are public, as in the crate of the contract"
)]

#[path = "crates/domain/src"]
mod domain {
    pub(crate) mod bookmarks;
}
#[path = "crates/in-memory/src"]
mod in_memory {
    pub(crate) mod bookmarks;
    pub(crate) mod store {
        pub(crate) mod bookmarks;
    }
}
#[path = "crates/postgres/src"]
mod postgres {
    pub(crate) mod bookmarks;
    // The code that all contexts use, from the crate itself.
    #[path = "../../../../../src/prepared_plans.rs"]
    pub(crate) mod prepared_plans;
}
#[path = "crates/conformance/src"]
mod conformance {
    pub(crate) mod bookmarks;
}

#[path = "crates/resilience/tests/conformance.rs"]
mod passes_behind_policies;
#[path = "crates/in-memory/tests/conformance.rs"]
mod passes_in_memory;
#[path = "crates/postgres/tests/conformance.rs"]
mod passes_on_postgres;
#[path = "crates/postgres/tests/least_privilege/contract.rs"]
mod passes_with_least_privilege;

use std::time::Duration;

use tasktrail_postgres_client::config::PostgresConfig;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::pool::Pool;
use tasktrail_postgres_client::source::Source;
use tasktrail_test_support::TestDatabase;

use self::postgres::bookmarks::PostgresBookmarks;

fn migrated() -> TestDatabase {
    let database = TestDatabase::new();
    let up = include_str!("migrations/2027-01-01-000000-0000_create_bookmark/up.sql");
    database.execute(up).unwrap();
    database
}

async fn connected(url: String, connections: u32) -> PostgresBookmarks {
    let config = PostgresConfig::from_url(url)
        .and_then(|config| config.with_connections(1, connections))
        .unwrap()
        // The suite checks results, not latency, so a busy machine must not cause a failure.
        .with_acquire_timeout(Duration::from_secs(60))
        .with_connect_timeout(Duration::from_secs(60));
    let connector = Connector::new(config).unwrap();
    PostgresBookmarks(Source::Pool(Pool::open(connector).await.unwrap()))
}
