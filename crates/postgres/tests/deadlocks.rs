//! Two batches that contain the same entries in opposite order both succeed, without a deadlock
//! that the server has to resolve.

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{HistoryEntry, TaskHistoryRepository};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{ServerOptions, TestDatabase};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_in_opposite_order_both_succeed() {
    // Disables the deadlock detector of the server, so a deadlock would not be resolved.
    let server = ServerOptions::default()
        .setting("deadlock_timeout", "10min")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        // A loaded machine may need longer than the default for the other batch.
        .with_lock_timeout(Duration::from_secs(20));
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    let history = Arc::new(postgres.task_history());
    let writer = Writer::default();
    let mut rows = 0;
    for round in 0..8 {
        let task = TaskKey::new("user", format!("task-{round}")).unwrap();
        // More than one statement contains.
        let entries = writer.steps(&task, 700);
        rows += entries.len();
        let contrary: Vec<HistoryEntry> = entries.iter().rev().cloned().collect();
        let save = |entries: Vec<HistoryEntry>| {
            let history = Arc::clone(&history);
            tokio::spawn(async move { history.save_batch(&entries).await })
        };
        let (one, other) = (save(entries), save(contrary));

        let added = one.await.unwrap().unwrap().added + other.await.unwrap().unwrap().added;

        assert_eq!(added, 700);
    }
    let saved = database
        .execute("SELECT entry_id FROM task_history")
        .unwrap();
    assert_eq!(saved.len(), rows);
    assert!(!server.log().contains("deadlock detected"));
}
