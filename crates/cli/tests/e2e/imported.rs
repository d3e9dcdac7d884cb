//! A database with a history in it, and the tool on it.

use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::files::{Folder, line, text};
use super::tool::{Run, run};

/// A database with an imported history.
pub(crate) struct Imported {
    pub(crate) database: TestDatabase,
    _folder: Folder,
    pub(crate) path: String,
}

impl Imported {
    /// Three tasks: one that completes at the second attempt of its first step, one that fails, one
    /// that runs.
    pub(crate) fn new() -> Self {
        let mut running = line("c", 0, "running");
        running["user_id"] = json!("bob");
        Self::of(&[
            line("a", 0, "failed"),
            line("a", 0, "running"),
            line("a", 1, "completed"),
            line("b", 7, "failed"),
            running,
        ])
    }

    pub(crate) fn of(lines: &[Value]) -> Self {
        let folder = Folder::new();
        let path = folder.file("f.jsonl", text(lines));
        let imported = Self {
            database: TestDatabase::new(),
            path: path.to_str().unwrap().to_owned(),
            _folder: folder,
        };
        imported.run(&["migrate"]).good();
        imported.import();
        imported
    }

    pub(crate) fn import(&self) -> Value {
        self.json(&["import", &self.path])
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let url = self.database.url();
        run([args, &["--database-url", &url]].concat())
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--format", "json"]].concat())
            .good()
            .json()
    }

    #[track_caller]
    pub(crate) fn says(&self, args: &[&str], words: &str) {
        let said = self.run(args).good();
        assert!(said.stdout.contains(words), "{words}: {said:?}");
    }

    /// The ids of the tasks that `tasks` with these arguments lists.
    pub(crate) fn task_ids(&self, args: &[&str]) -> Vec<String> {
        let listed = self.json(&[&["tasks"], args].concat());
        let tasks = listed["tasks"].as_array().unwrap().iter();
        tasks
            .map(|task| task["task_id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// How many entries there are; none while there is no schema.
pub(crate) fn saved(database: &TestDatabase) -> u64 {
    let counted = database.execute("SELECT count(*) FROM task_history");
    let rows = counted.unwrap_or_default();
    let count = rows
        .first()
        .and_then(|row| row.first()?.as_deref()?.parse().ok());
    count.unwrap_or_default()
}
