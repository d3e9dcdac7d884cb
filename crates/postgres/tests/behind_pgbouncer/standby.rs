//! Stale reads, with a PgBouncer in front of each host.

use std::time::{Duration, Instant};

use tasktrail_conformance::fixture::{Writer, task_of};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::{Pooler, PostgresDatabase};
use tasktrail_postgres_admin::DatabaseRoles;
use tasktrail_test_support::PoolMode::Transaction;
use tasktrail_test_support::{PgBouncer, ServerOptions, TestDatabase};

use super::fixture::patient;

const OWNER: &str = "pooled_owner";
const RUNTIME: &str = "pooled_runtime";

/// Time for the standby to answer a read, on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// The number of stale reads that each host has served.
fn reads(postgres: &PostgresDatabase) -> Vec<u64> {
    postgres.standbys().iter().map(|host| host.reads).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_read_is_answered_by_the_standby_behind_its_pooler() {
    let primary = ServerOptions::default().start().unwrap();
    let standby = primary.standby().unwrap();
    let database = TestDatabase::create(&primary);
    let roles = DatabaseRoles::new(OWNER, RUNTIME, "public").unwrap();
    let roles = roles.behind_transaction_pooler();
    database.execute(&roles.sql()).unwrap();
    let bouncers =
        [&primary, &standby].map(|host| PgBouncer::start(host.addr(), Transaction, &[OWNER], ""));
    let hosts = bouncers
        .each_ref()
        .map(|bouncer| bouncer.addr().to_string());
    let url = database
        .url()
        .replace(&primary.addr().to_string(), &hosts.join(","))
        .replace("postgres@", &format!("{OWNER}@"));
    let config = patient(&url)
        .with_pooler(Pooler::Transaction)
        .with_statement_timeout(Duration::from_secs(3600))
        .with_standby_reads(Duration::from_secs(60));
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    let task = task_of("alice", "report");
    let entry = Writer::default().step(&task, 0, TaskStatus::Running);
    postgres.task_history().save(&entry).await.unwrap();

    let (stale, began) = (postgres.stale_task_history(), Instant::now());
    // The primary answers until the standby is known to be fresh.
    while reads(&postgres) == [0, 0] {
        assert!(began.elapsed() < TIMEOUT, "the standby answers no read");
        let page = stale.load(&task, &PageRequest::default()).await.unwrap();
        assert!(page.items.len() <= 1);
    }

    assert_eq!(reads(&postgres), [0, 1]);
}
