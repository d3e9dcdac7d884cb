//! The two halves of a chunk of lines, which an import saves concurrently.

use std::sync::Arc;

use serde_json::{Value, json};
use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::repository::{Effect, ErrorKind, RepositoryError};
use tasktrail::task_history::{
    FinalStatus, Finish, FinishOutcome, MockTaskHistoryRepository, TaskHistoryRepository,
    TaskHistoryRepositoryExt, operation,
};
use tasktrail::timestamp::Timestamp;
use tasktrail_cli::import::{ImportError, ImportOptions, ImportReport, Importer, Source};

use super::files::{Folder, line, text};

async fn import(
    histories: Arc<dyn TaskHistoryRepository>,
    lines: &[Value],
) -> (ImportReport, Result<(), ImportError>) {
    let folder = Folder::new();
    let source = Source::from(folder.file("f.jsonl", text(lines)));
    let mut importer = Importer::new(histories, ImportOptions::default());
    let done = importer.import(&source, &mut ()).await;
    (importer.report(), done)
}

/// A line for each of 100 tasks, so that both halves have lines.
fn lines_of_both_halves() -> Vec<Value> {
    let tasks = (0..100).map(|task| format!("task-{task}"));
    tasks.map(|task| line(&task, 0, "running")).collect()
}

fn store_that_fails_with(kind: ErrorKind) -> Arc<dyn TaskHistoryRepository> {
    let mut histories = MockTaskHistoryRepository::new();
    histories.expect_save_batch().returning(move |_| {
        Err(RepositoryError::new(
            operation::SAVE_BATCH,
            kind,
            Effect::NotApplied,
        ))
    });
    Arc::new(histories)
}

#[tokio::test]
async fn store_failure_is_reported_with_the_lines_of_both_halves() {
    let histories = store_that_fails_with(ErrorKind::Unavailable);

    let (report, done) = import(histories, &lines_of_both_halves()).await;

    let Err(ImportError::Save {
        first_line,
        last_line,
        ..
    }) = done
    else {
        panic!("{done:?}");
    };
    assert_eq!((first_line, last_line, report.saved), (1, 100, 0));
}

#[tokio::test]
async fn first_of_the_conflicts_in_both_halves_is_reported() {
    let histories = store_that_fails_with(ErrorKind::Conflict);

    let (report, done) = import(histories, &lines_of_both_halves()).await;

    let Err(ImportError::InvalidLine(invalid)) = done else {
        panic!("{done:?}");
    };
    assert_eq!((invalid.line, report.invalid), (1, 1));
}

/// A store in which one task is already finished, and that fails for batches without this task.
fn store_that_fails_for_one_half(finished: &'static str) -> Arc<dyn TaskHistoryRepository> {
    let mut histories = MockTaskHistoryRepository::new();
    histories.expect_finish_batch().returning(move |finishes| {
        let is_finished = |(task, _): &(TaskKey, Finish)| task.task.as_str() == finished;
        if !finishes.iter().any(is_finished) {
            let kind = ErrorKind::Unavailable;
            return Err(RepositoryError::new(
                operation::FINISH_BATCH,
                kind,
                Effect::NotApplied,
            ));
        }
        let already = FinishOutcome::AlreadyFinished {
            status: FinalStatus::Cancelled,
            at: Timestamp::default(),
        };
        let previous = FinishOutcome::Finished { previous: None };
        let outcome = |finish| {
            if is_finished(finish) {
                already
            } else {
                previous
            }
        };
        Ok(finishes.iter().map(outcome).collect())
    });
    Arc::new(histories)
}

#[tokio::test]
async fn failed_finishes_are_reported_before_a_conflict_in_the_other_half() {
    let finish = json!({ "status": "failed", "at": "2026-01-31T13:00:00Z" });
    let tasks = (0..100).map(|task| format!("task-{task}"));
    let lines: Vec<_> = tasks
        .map(|task| json!({ "user_id": "alice", "task_id": task, "finish": finish }))
        .collect();

    let (report, done) = import(store_that_fails_for_one_half("task-99"), &lines).await;

    assert!(
        matches!(&done, Err(ImportError::Save { last_line, .. }) if *last_line < 100),
        "{done:?}"
    );
    assert!((1..99).contains(&report.saved), "{report:?}");
}

#[tokio::test]
async fn lines_of_a_task_keep_their_order_across_chunks() {
    let tasks = ["one", "two", "three", "four"];
    let lines: Vec<_> = (0..4000)
        .rev()
        .flat_map(|step| tasks.map(|task| line(task, step, "running")))
        .collect();
    let histories = DatabaseManager::in_memory().task_history().unwrap();

    let (_report, done) = import(Arc::clone(&histories), &lines).await;

    done.unwrap();
    for task in tasks {
        let task = TaskKey::new("alice", task).unwrap();
        let trail = histories.trail_all(&task).await.unwrap();
        let steps: Vec<_> = trail.iter().map(|entry| entry.step.get()).collect();
        assert_eq!(steps, (0..4000).rev().collect::<Vec<_>>());
    }
}
