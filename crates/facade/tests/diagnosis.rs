//! Diagnosis through the manager.
#![expect(clippy::panic, reason = "a failed step of a test is a panic")]

use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::diagnosis::{Diagnosis, DiagnosisOptions, Finding, FindingCode};
use tasktrail::task_history::{StepNumber, TaskStatus, TaskStepResult};
use tasktrail::{
    DatabaseConfig, DatabaseError, DatabaseManager, ExplainRequest, ExplainedOperation,
};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

#[track_caller]
fn the(diagnosis: &Diagnosis, code: FindingCode) -> &Finding {
    let found = diagnosis.findings.iter().find(|found| found.code == code);
    found.unwrap_or_else(|| panic!("no {code} among {:#?}", diagnosis.findings))
}

#[tokio::test]
async fn in_memory_manager_has_no_diagnosis() {
    let manager = DatabaseManager::in_memory();
    let request = ExplainRequest::new(ExplainedOperation::Load, SystemClock.now());

    let diagnosis = manager
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap();

    assert!(diagnosis.is_none());
    assert!(manager.explain(&request).await.unwrap().is_none());
    assert!(manager.analyze(true).await.unwrap().is_empty());
    let plan = manager.plan_reindex(&[]).await.unwrap();
    assert!(plan.indexes.is_empty());
    let reindexed = manager.reindex(&[], |_| {}, std::future::pending()).await;
    assert!(reindexed.unwrap().done.is_empty());
}

#[tokio::test]
async fn diagnose_without_connection_fails() {
    let config = DatabaseConfig::from_url("postgres://me@127.0.0.1:1/none").unwrap();
    let manager = DatabaseManager::new(config);

    let refused = manager.diagnose(&DiagnosisOptions::default()).await;

    assert!(
        matches!(refused, Err(DatabaseError::NotConnected)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_pool_is_reported_and_failed_queries_do_not_stop_the_others() {
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap()
        // Without batching, so that each save needs a connection.
        .with_postgres(|postgres| postgres.with_group_commit(0));
    let manager = DatabaseManager::new(config);
    manager.connect().await.unwrap();
    let lock = TableLock::on(&database, "task_summary");
    let saves: Vec<_> = (0..8_u16)
        .map(|step| {
            let manager = manager.clone();
            tokio::spawn(async move {
                let task = TaskKey::new("user", "task").unwrap();
                let result = TaskStepResult::builder("step", TaskStatus::Running).build();
                let step = StepNumber::from(step);
                manager
                    .save_task_history(&task, step, result.unwrap())
                    .await
            })
        })
        .collect();
    wait_until("saves wait for the connection of the first", || {
        manager.pool_statistics().unwrap().unwrap().waiting == 7
    });

    // The sizes of a locked table cannot be read, and the queued calls time out in the meantime.
    let found = manager
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap()
        .unwrap();
    let later = manager
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap()
        .unwrap();

    the(&found, FindingCode::PoolFull);
    the(&later, FindingCode::PoolTimeouts);
    let failed = found
        .findings
        .iter()
        .filter(|found| found.code == FindingCode::CheckFailed);
    let failed: Vec<_> = failed.map(|found| &*found.summary).collect();
    assert_eq!(
        failed,
        [
            "the query for the tables failed",
            "the tables could not be compared with those that the migrations create",
            "the check whether the sequence of the ids is above all ids failed"
        ]
    );
    assert!(found.connection.is_some() && found.wraparound.is_some());
    assert_eq!(found.indexes.len(), 25);
    drop(lock);
    for save in saves {
        drop(save.await.unwrap());
    }
}
