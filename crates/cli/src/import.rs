//! Reads files of recorded step results and saves each of their lines once.
//!
//! A file holds one JSON object a line, each a step result as it was saved, in the order in which
//! it happened:
//!
//! ```json
//! {"user_id": "…", "task_id": "…", "step": 0, "recorded_at": "2026-01-31T12:00:00Z", "step_result": {…}}
//! ```
//!
//! `step_result` is the document of seven keys of
//! [`TaskStepResult`](tasktrail::task_history::TaskStepResult); `recorded_at` may be left out. The
//! identity of the save follows from the line and from how often it came before in its file. So a
//! file may be imported again, after an interruption or grown longer, and nothing is saved twice.
//! Memory is bounded by one batch of lines, however long the file is.

mod batch;
mod error;
mod identity;
mod lines;
mod reader;
mod record;
mod report;
mod source;
mod watch;

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::{ErrorKind, RepositoryError};
use tasktrail::task_history::{HistoryEntry, ResultLimit, TaskHistoryRepository};

use self::batch::Batch;
use self::reader::{Pause, Reader};

pub use self::error::{BadLine, ImportError};
pub use self::report::ImportReport;
pub use self::source::Source;
pub use self::watch::ImportWatch;

/// What an import does about a bad line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BadLines {
    /// Saves the good lines before it and stops.
    #[default]
    Stop,
    /// Counts it and goes on.
    Skip,
}

/// How an import reads its lines. By default a result is bounded to 1 MiB, and a bad line stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportOptions {
    /// How large a line's result and messages may be.
    pub result_limit: ResultLimit,
    /// What happens at a bad line.
    pub bad_lines: BadLines,
}

/// Imports files into a task history, and counts what came of it.
#[derive(Debug)]
pub struct Importer {
    histories: Arc<dyn TaskHistoryRepository>,
    options: ImportOptions,
    clock: Arc<dyn Clock>,
    started: Instant,
    report: ImportReport,
    /// Hashes of the tasks that were saved to: enough to count them.
    tasks: HashSet<u64>,
}

impl Importer {
    /// An import into `histories`, which begins now.
    #[must_use]
    pub fn new(histories: Arc<dyn TaskHistoryRepository>, options: ImportOptions) -> Self {
        Self {
            histories,
            options,
            clock: Arc::new(SystemClock),
            started: Instant::now(),
            report: ImportReport::default(),
            tasks: HashSet::new(),
        }
    }

    /// The same import, with another clock for lines without `recorded_at`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What came of the import so far.
    #[must_use]
    pub fn report(&self) -> ImportReport {
        ImportReport {
            seconds: self.started.elapsed().as_secs_f64(),
            ..self.report.clone()
        }
    }

    /// Imports one file; the counts add up over several.
    ///
    /// Lines are saved in their order, in batches of at most 1000 lines or 4 MiB.
    ///
    /// # Errors
    ///
    /// [`ImportError`]: the input cannot be opened or read, a line is bad and bad lines are not
    /// skipped, or the store failed. All good lines before that place are saved, but for those
    /// that the error names.
    ///
    /// # Cancel safety
    ///
    /// A batch that was under way is saved whole or not at all; import the file again to go on.
    pub async fn import(
        &mut self,
        source: &Source,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        let mut reader = Reader::open(source, self.options, Arc::clone(&self.clock))?;
        watch.opened(reader.name(), reader.size_bytes());
        let mut batch = Batch::default();
        loop {
            let pause = reader.fill(&mut batch, &mut self.report, watch);
            self.save(&batch, reader.name(), watch).await?;
            batch.clear();
            watch.advanced(reader.read_bytes(), &self.report);
            match pause {
                Pause::Full => {}
                Pause::End => return Ok(()),
                Pause::Stopped(error) => return Err(error),
            }
        }
    }

    async fn save(
        &mut self,
        batch: &Batch,
        name: &str,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        let Err(error) = self.save_entries(batch.entries()).await else {
            return Ok(());
        };
        if error.kind() != ErrorKind::Conflict {
            return Err(batch.not_saved(name, error));
        }
        // One by one, which tells the line that is to blame.
        for (line, entry) in batch.lines() {
            match self.save_entries(std::slice::from_ref(entry)).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    self.refuse(BadLine::conflict(name, line, &error), watch)?;
                }
                Err(error) => return Err(batch.not_saved_from(name, line, error)),
            }
        }
        Ok(())
    }

    async fn save_entries(&mut self, entries: &[HistoryEntry]) -> Result<(), RepositoryError> {
        if entries.is_empty() {
            return Ok(());
        }
        let saved = self.histories.save_batch(entries).await?;
        let given = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        self.report.saved += saved.added;
        self.report.already_there += given.saturating_sub(saved.added);
        for task in saved.statuses.keys() {
            let mut hasher = DefaultHasher::new();
            task.hash(&mut hasher);
            self.tasks.insert(hasher.finish());
        }
        self.report.tasks = u64::try_from(self.tasks.len()).unwrap_or(u64::MAX);
        tracing::debug!(entries = given, new = saved.added, "saved a batch");
        Ok(())
    }

    fn refuse(&mut self, bad: BadLine, watch: &mut dyn ImportWatch) -> Result<(), ImportError> {
        self.report.bad += 1;
        match self.options.bad_lines {
            BadLines::Stop => Err(ImportError::BadLine(bad)),
            BadLines::Skip => {
                watch.bad_line(&bad);
                Ok(())
            }
        }
    }
}
