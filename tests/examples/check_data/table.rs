//! The table of expected figures.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// A row of the table.
pub(crate) struct Expected {
    pub(crate) name: String,
    pub(crate) figures: Figures,
}

/// Counts. A status without tasks is omitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) entries: u64,
    pub(crate) steps: u64,
    pub(crate) tasks: u64,
    pub(crate) users: u64,
    pub(crate) tasks_by_status: BTreeMap<String, u64>,
}

impl Figures {
    /// Parses the output of `tasktrail stats`, which has exactly these keys.
    pub(crate) fn of(stats: &Value) -> Self {
        let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{stats}"));
        let keys: Vec<_> = stats.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "entries",
                "open_tasks_by_status",
                "steps",
                "tasks",
                "tasks_by_status",
                "users"
            ]
        );
        let by_status = stats["tasks_by_status"].as_object().unwrap().iter();
        Self {
            entries: count(&stats["entries"]),
            steps: count(&stats["steps"]),
            tasks: count(&stats["tasks"]),
            users: count(&stats["users"]),
            tasks_by_status: by_status
                .map(|(status, tasks)| (status.clone(), count(tasks)))
                .collect(),
        }
    }

    /// Subtracts the figures `before`, which must not include the same users.
    pub(crate) fn without(mut self, before: &Self) -> Self {
        self.entries -= before.entries;
        self.steps -= before.steps;
        self.tasks -= before.tasks;
        self.users -= before.users;
        for (status, tasks) in &before.tasks_by_status {
            *self.tasks_by_status.get_mut(status).unwrap() -= tasks;
        }
        self.tasks_by_status.retain(|_, tasks| *tasks > 0);
        self
    }
}

/// Reads the rows of the table in a README.md. Columns are identified by name.
pub(crate) fn read(readme: &Path) -> Vec<Expected> {
    let text =
        fs::read_to_string(readme).unwrap_or_else(|error| panic!("{}: {error}", readme.display()));
    let mut rows = text
        .lines()
        .map(cells)
        .skip_while(|row| !row.contains(&"file"));
    let header = rows
        .next()
        .unwrap_or_else(|| panic!("{} has no table", readme.display()));
    let column = |name: &str| header.iter().position(|title| *title == name).unwrap();
    // The line below the header separates it from the rows.
    rows.skip(1)
        .take_while(|row| row.len() == header.len())
        .map(|row| {
            let number = |name: &str| number(row[column(name)]);
            Expected {
                name: row[column("file")].trim_matches('`').to_owned(),
                figures: Figures {
                    entries: number("entries"),
                    steps: number("steps"),
                    tasks: number("tasks"),
                    users: number("users"),
                    tasks_by_status: by_status(row[column("tasks by status")]),
                },
            }
        })
        .collect()
}

fn cells(line: &str) -> Vec<&str> {
    let inner = line
        .trim()
        .strip_prefix('|')
        .and_then(|line| line.strip_suffix('|'));
    inner.map_or_else(Vec::new, |inner| inner.split('|').map(str::trim).collect())
}

/// Parses a number with any kind of spaces as thousands separators.
fn number(text: &str) -> u64 {
    let digits: String = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    digits
        .parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Parses text such as `completed 3 060, failed 7 252`.
fn by_status(text: &str) -> BTreeMap<String, u64> {
    text.split(',')
        .map(|part| {
            let (status, tasks) = part
                .trim()
                .split_once(' ')
                .unwrap_or_else(|| panic!("{part:?}"));
            (status.to_owned(), number(tasks))
        })
        .collect()
}

/// Returns the data files of a folder that are not in its table.
pub(crate) fn not_in_it(folder: &Path, table: &[Expected]) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".jsonl"))
        .filter(|name| table.iter().all(|row| row.name != *name))
        .collect();
    names.sort_unstable();
    names
}
