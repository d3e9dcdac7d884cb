//! Checks the tool and the library against a folder of recorded step results. The README.md of the
//! folder has a table of the expected figures. `scripts/check-data FOLDER` runs it.
//!
//! For each file in the table:
//!
//! - The tool imports it into a database, and `tasktrail stats` matches the table.
//! - A second import saves nothing.
//! - The library imports it into the in-memory adapter, with the same figures.
//! - `tasktrail export` writes it, another database imports that, and exports the same bytes. This
//!   is skipped if a database is given.
//! - A release build of the tool uses less than 64 MiB of memory during imports and exports.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step of the check panics"
)]
#![expect(clippy::print_stdout, reason = "the check prints its results")]

#[path = "check_data/round_trip.rs"]
mod round_trip;
#[path = "check_data/table.rs"]
mod table;
#[path = "check_data/tool.rs"]
mod tool;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use tasktrail::DatabaseManager;
use tasktrail::task_history::{Scope, TaskHistoryRepository};
use tasktrail_cli::import::{ImportOptions, Importer, Source};
use tasktrail_test_support::TestDatabase;

use self::round_trip::round_trip;
use self::table::{Expected, Figures};
use self::tool::Tool;

/// A release build must use less memory than this.
const MAX_PEAK_KIB: u64 = 64 << 10;

const USAGE: &str = "usage: check_data --tool BINARY FOLDER [--database-url URL]";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::read(env::args().skip(1)).unwrap_or_else(|| panic!("{USAGE}"));
    let expected = table::read(&arguments.folder.join("README.md"));
    assert!(!expected.is_empty(), "the table of README.md has no rows");
    let mut passed = true;
    println!("{}", Checked::header());
    for file in &expected {
        let checked = check(file, &arguments).await;
        println!("{}", checked.row(&file.name));
        for difference in &checked.differences {
            println!("    {difference}");
        }
        passed &= checked.differences.is_empty();
    }
    for name in table::not_in_it(&arguments.folder, &expected) {
        println!("{name} is not in the table of README.md and was not checked");
    }
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

struct Arguments {
    tool: PathBuf,
    folder: PathBuf,
    database_url: Option<String>,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut tool, mut folder, mut database_url) = (None, None, None);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--tool" => tool = Some(arguments.next()?.into()),
                "--database-url" => database_url = Some(arguments.next()?),
                _ if folder.is_none() => folder = Some(argument.into()),
                _ => return None,
            }
        }
        Some(Self {
            tool: tool?,
            folder: folder?,
            database_url,
        })
    }
}

/// The results for a file.
#[derive(Default)]
struct Checked {
    figures: Figures,
    seconds: f64,
    seconds_again: f64,
    seconds_export: Option<f64>,
    peak_kib: Option<u64>,
    differences: Vec<String>,
}

async fn check(file: &Expected, arguments: &Arguments) -> Checked {
    let path = arguments.folder.join(&file.name);
    let mut checked = Checked::default();
    if !path.is_file() {
        checked
            .differences
            .push("the file does not exist".to_owned());
        return checked;
    }
    // Use a new database for each file, unless one was given.
    let private = arguments.database_url.is_none().then(TestDatabase::new);
    let url = private.as_ref().map(TestDatabase::url);
    let tool = Tool {
        binary: arguments.tool.clone(),
        database_url: url.or_else(|| arguments.database_url.clone()).unwrap(),
    };
    checked.import(file, &path, &tool).await;
    checked.import_again(file, &path, &tool).await;
    if private.is_some() {
        checked.export(file, &tool).await;
    }
    let in_memory = in_memory(&path).await;
    checked.expect("in memory", &in_memory, &file.figures);
    checked
}

impl Checked {
    async fn import(&mut self, file: &Expected, path: &Path, tool: &Tool) {
        tool.json(&["migrate"]);
        let before = Figures::of(&tool.json(&["stats"]));
        let (report, peak_kib) = tool.watched("import", path).await;
        self.figures = Figures::of(&tool.json(&["stats"])).without(&before);
        self.expect("stats", &self.figures.clone(), &file.figures);
        self.expect("lines", &report["lines"], &file.figures.entries);
        self.expect("saved", &report["saved"], &file.figures.entries);
        self.expect("duplicates", &report["duplicates"], &0);
        self.expect("tasks", &report["tasks"], &file.figures.tasks);
        self.expect("invalid", &report["invalid"], &0);
        self.seconds = report["seconds"].as_f64().unwrap();
        self.expect_little_memory(peak_kib, tool);
    }

    fn expect_little_memory(&mut self, peak_kib: Option<u64>, tool: &Tool) {
        self.peak_kib = self.peak_kib.max(peak_kib);
        if tool.is_release() && peak_kib.is_some_and(|peak| peak >= MAX_PEAK_KIB) {
            self.differences.push(format!("memory: {peak_kib:?} KiB"));
        }
    }

    async fn import_again(&mut self, file: &Expected, path: &Path, tool: &Tool) {
        let (report, _) = tool.watched("import", path).await;
        self.expect("saved again", &report["saved"], &0);
        self.expect("duplicates", &report["duplicates"], &file.figures.entries);
        self.seconds_again = report["seconds"].as_f64().unwrap();
    }

    async fn export(&mut self, file: &Expected, tool: &Tool) {
        let trip = round_trip(tool).await;
        self.expect("exported entries", &trip.entries, &file.figures.entries);
        self.expect("exported tasks", &trip.tasks, &file.figures.tasks);
        self.expect("the second export is identical", &trip.is_equal, &true);
        self.expect_little_memory(trip.peak_kib, tool);
        self.seconds_export = Some(trip.seconds);
    }

    fn expect<F, E>(&mut self, what: &str, found: &F, expected: &E)
    where
        F: PartialEq<E> + std::fmt::Debug,
        E: std::fmt::Debug,
    {
        if found != expected {
            let difference = format!("{what}: expected {expected:?}, found {found:?}");
            self.differences.push(difference);
        }
    }

    fn header() -> String {
        format!(
            "{:<30}{:>9}{:>9}{:>8}{:>7}{:>9}{:>9}{:>9}{:>9}  verdict",
            "file", "entries", "steps", "tasks", "users", "import", "again", "export", "memory"
        )
    }

    fn row(&self, name: &str) -> String {
        let peak = self
            .peak_kib
            .map(|peak| format!("{} MiB", peak.div_ceil(1024)));
        let verdict = if self.differences.is_empty() {
            "as expected"
        } else {
            "DIFFERENT"
        };
        let export = self.seconds_export.map(|seconds| format!("{seconds:.1} s"));
        let Figures {
            entries,
            steps,
            tasks,
            users,
            ..
        } = self.figures;
        format!(
            "{name:<30}{entries:>9}{steps:>9}{tasks:>8}{users:>7}{:>7.1} s{:>7.1} s{:>9}{:>9}  {verdict}",
            self.seconds,
            self.seconds_again,
            export.as_deref().unwrap_or("-"),
            peak.as_deref().unwrap_or("?"),
        )
    }
}

/// Imports the file through the library into the in-memory adapter.
async fn in_memory(path: &Path) -> Figures {
    let histories = DatabaseManager::in_memory().task_history().unwrap();
    let mut importer = Importer::new(Arc::clone(&histories), ImportOptions::default());
    let source = Source::File(path.to_owned());
    importer.import(&source, &mut ()).await.unwrap();
    let counts = histories.count(&Scope::Everyone).await.unwrap();
    let by_status = counts.tasks_by_status.into_iter();
    Figures {
        entries: counts.entries,
        steps: counts.steps,
        tasks: counts.tasks,
        users: counts.users,
        tasks_by_status: by_status
            .map(|(status, tasks)| (status.to_string(), tasks))
            .collect(),
    }
}
