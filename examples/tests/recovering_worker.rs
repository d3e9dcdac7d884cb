//! The worker is killed in the middle of its tasks, and started again.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use tasktrail::repository::PageRequest;
use tasktrail::task_history::TaskStatus;
use tasktrail::{DatabaseConfig, DatabaseManager, TaskKey};
use tasktrail_test_support::TestDatabase;

fn worker(database: &TestDatabase) -> Command {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_recovering-worker"));
    worker
        .env("DATABASE_URL", database.url())
        .stdout(Stdio::piped());
    worker
}

#[tokio::test]
async fn continues_where_it_was_killed() {
    let database = TestDatabase::new();
    let mut killed = worker(&database)
        .args(["alice", "one", "two", "three"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(killed.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "saved alice/two 1"));
    killed.kill().unwrap();
    killed.wait().unwrap();

    let restarted = worker(&database).output().unwrap();

    assert!(restarted.status.success());
    let output = String::from_utf8(restarted.stdout).unwrap();
    assert!(!output.contains("alice/one"), "{output}");
    assert!(!output.contains("saved alice/two 1"), "{output}");
    assert!(output.ends_with("finished alice/two\n"), "{output}");
    let manager = DatabaseManager::new(DatabaseConfig::from_url(database.url()).unwrap());
    manager.connect().await.unwrap();
    let history = manager.task_history().unwrap();
    for name in ["one", "two"] {
        let task = TaskKey::new("alice", name).unwrap();
        let status = history.status(&task).await.unwrap();
        assert_eq!(status, Some(TaskStatus::Completed));
        let trail = history.trail(&task, &PageRequest::default()).await.unwrap();
        assert_eq!(trail.items.len(), 5, "each step is saved once");
    }
    let not_begun = TaskKey::new("alice", "three").unwrap();
    assert_eq!(history.status(&not_begun).await.unwrap(), None);
}
