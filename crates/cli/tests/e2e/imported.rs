//! A test database with an imported history.

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
    /// Three tasks: one completed after a failed attempt of its first step, one failed, one
    /// running.
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
    pub(crate) fn prints(&self, args: &[&str], text: &str) {
        let printed = self.run(args).good();
        assert!(printed.stdout.contains(text), "{text}: {printed:?}");
    }

    /// The IDs of the tasks that `tasks` lists with these arguments.
    pub(crate) fn task_ids(&self, args: &[&str]) -> Vec<String> {
        let listed = self.json(&[&["tasks"], args].concat());
        let tasks = listed["tasks"].as_array().unwrap().iter();
        tasks
            .map(|task| task["task_id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The number of entries; zero without a schema.
pub(crate) fn saved(database: &TestDatabase) -> u64 {
    let counted = database.execute("SELECT count(*) FROM task_history");
    let rows = counted.unwrap_or_default();
    let count = rows
        .first()
        .and_then(|row| row.first()?.as_deref()?.parse().ok());
    count.unwrap_or_default()
}
