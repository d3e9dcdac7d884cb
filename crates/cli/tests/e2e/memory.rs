//! The import library with an in-memory store.

use std::path::Path;
use std::sync::Arc;

use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::clock::ManualClock;
use tasktrail::repository::PageRequest;
use tasktrail::task_history::{HistoryEntry, TaskHistoryRepository, TaskStatus, TaskStepResult};
use tasktrail_cli::import::{
    ImportError, ImportOptions, ImportReport, ImportWatch, Importer, InvalidLine, InvalidLines,
    Source,
};

use super::files::{Folder, line, text};

type Histories = Arc<dyn TaskHistoryRepository>;

fn histories() -> Histories {
    DatabaseManager::in_memory().task_history().unwrap()
}

async fn steps(histories: &Histories) -> Vec<HistoryEntry> {
    let task = TaskKey::new("alice", "a").unwrap();
    histories
        .load(&task, &PageRequest::default())
        .await
        .unwrap()
        .items
}

fn source(path: &Path) -> Source {
    path.to_owned().into()
}

/// Three lines, and a store with another entry under the ID of the second line.
async fn conflicting() -> (Folder, Source, Histories) {
    let folder = Folder::new();
    let lines = ["running", "running", "completed"];
    let lines: Vec<_> = (0..)
        .zip(lines)
        .map(|(step, status)| line("a", step, status))
        .collect();
    let source = source(&folder.file("f.jsonl", text(&lines)));
    let elsewhere = histories();
    let mut importer = Importer::new(Arc::clone(&elsewhere), ImportOptions::default());
    importer.import(&source, &mut ()).await.unwrap();
    let mut other = steps(&elsewhere).await.remove(1);
    other.step_result = TaskStepResult::builder("other", TaskStatus::Failed)
        .build()
        .unwrap();
    let histories = histories();
    histories.save(&other).await.unwrap();
    (folder, source, histories)
}

#[tokio::test]
async fn conflicting_id_stops_the_import_at_its_line() {
    let (_folder, source, histories) = conflicting().await;
    let mut importer = Importer::new(histories, ImportOptions::default());
    let stopped = importer.import(&source, &mut ()).await.unwrap_err();

    let ImportError::InvalidLine(invalid) = stopped else {
        panic!("{stopped:?}")
    };
    assert_eq!(invalid.line, 2);
    assert!(
        invalid
            .reason
            .contains("was saved before with other content"),
        "{invalid}"
    );
    assert_eq!((importer.report().saved, importer.report().invalid), (1, 1));
}

#[tokio::test]
async fn conflicting_id_is_skipped_like_an_invalid_line() {
    #[derive(Default)]
    struct Skipped(Vec<u64>);

    impl ImportWatch for Skipped {
        fn opened(&mut self, _name: &str, _size_bytes: Option<u64>) {}

        fn advanced(&mut self, _read_bytes: u64, _report: &ImportReport) {}

        fn invalid_line(&mut self, invalid: &InvalidLine) {
            self.0.push(invalid.line);
        }

        fn replaced(&mut self, _replaced: &InvalidLine) {}
    }

    let (_folder, source, histories) = conflicting().await;
    let options = ImportOptions {
        invalid_lines: InvalidLines::Skip,
        ..ImportOptions::default()
    };
    let mut importer = Importer::new(histories, options);
    let mut skipped = Skipped::default();
    importer.import(&source, &mut skipped).await.unwrap();

    assert_eq!(skipped.0, [2]);
    assert_eq!((importer.report().saved, importer.report().invalid), (2, 1));
}

#[tokio::test]
async fn line_without_a_time_gets_the_current_time() {
    let folder = Folder::new();
    let mut timeless = line("a", 0, "running");
    timeless.as_object_mut().unwrap().remove("recorded_at");
    let source = source(&folder.file("f.jsonl", text(&[timeless])));
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let histories = histories();
    let mut importer = Importer::new(Arc::clone(&histories), ImportOptions::default())
        .with_clock(Arc::new(ManualClock::at(now)));

    importer.import(&source, &mut ()).await.unwrap();

    assert_eq!(steps(&histories).await[0].recorded_at, now);
}

#[tokio::test]
async fn imported_entry_equals_the_line() {
    let folder = Folder::new();
    let written = line("a", 7, "failed");
    let source = source(&folder.file("f.jsonl", text(std::slice::from_ref(&written))));
    let histories = histories();
    let mut importer = Importer::new(Arc::clone(&histories), ImportOptions::default());

    importer.import(&source, &mut ()).await.unwrap();

    let entry = steps(&histories).await.remove(0);
    assert_eq!(entry.step.get(), 7);
    assert_eq!(entry.recorded_at.to_string(), "2026-01-31T12:00:07.000000Z");
    assert_eq!(
        serde_json::to_value(entry.step_result).unwrap(),
        written["step_result"]
    );
}
