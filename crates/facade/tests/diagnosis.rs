//! The manager's diagnosis.
#![expect(clippy::panic, reason = "a failed step of a test is a panic")]

use tasktrail::clock::{Clock, SystemClock};
use tasktrail::diagnosis::{Diagnosis, DiagnosisOptions, Finding, FindingCode};
use tasktrail::task_history::{StepNumber, TaskKey, TaskStatus, TaskStepResult};
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
async fn histories_in_memory_have_nothing_to_diagnose() {
    let manager = DatabaseManager::in_memory();
    let request = ExplainRequest {
        operation: ExplainedOperation::Load,
        user: None,
        task: None,
        analyze: false,
        now: SystemClock.now(),
    };

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
async fn a_manager_that_is_not_connected_cannot_diagnose() {
    let config = DatabaseConfig::from_url("postgres://me@127.0.0.1:1/none").unwrap();
    let manager = DatabaseManager::new(config);

    let refused = manager.diagnose(&DiagnosisOptions::default()).await;

    assert!(
        matches!(refused, Err(DatabaseError::NotConnected)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_is_told_and_a_question_without_an_answer_does_not_end_the_others() {
    let database = TestDatabase::new();
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap()
        // Each save by itself, so that each needs a connection.
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

    // The sizes of a locked table are not to be had, and the calls in the queue give up meanwhile.
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
            "the server did not tell the tables",
            "the tables could not be compared with what the migrations make",
            "the server did not tell whether the sequence of the ids is beyond all of them"
        ]
    );
    assert!(found.connection.is_some() && found.wraparound.is_some());
    assert_eq!(found.indexes.len(), 5);
    drop(lock);
    for save in saves {
        drop(save.await.unwrap());
    }
}
