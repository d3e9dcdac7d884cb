use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::{ErrorKind, RepositoryError};
use tasktrail::task_history::{HistoryEntry, SavedBatch, TaskHistoryRepository};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::batch::Batch;
use super::chunk::{Chunk, hash};
use super::error::{ImportError, InvalidLine};
use super::finishing;
use super::options::{ImportOptions, InvalidLines};
use super::reader::Reader;
use super::report::ImportReport;
use super::source::Source;
use super::watch::ImportWatch;

/// Imports files into a task history, and counts the results.
#[derive(Debug)]
pub struct Importer {
    histories: Arc<dyn TaskHistoryRepository>,
    options: ImportOptions,
    clock: Arc<dyn Clock>,
    started: Instant,
    report: ImportReport,
    /// Hashes of the imported tasks, which are enough to count them.
    tasks: HashSet<u64>,
}

impl Importer {
    /// Creates an importer that saves to `histories`. The duration in the report starts now.
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

    /// Sets the clock for lines without `recorded_at`. Default: the system clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Returns the counts of all files imported so far.
    #[must_use]
    pub fn report(&self) -> ImportReport {
        ImportReport {
            seconds: self.started.elapsed().as_secs_f64(),
            ..self.report.clone()
        }
    }

    /// Imports one file. Call it again for more files: the counts in the report add up.
    ///
    /// Lines are saved in chunks of about 2000 lines or 4 MiB. The entries of a chunk are saved in
    /// two concurrent batches, followed by its finishes. The lines of a task are saved in their
    /// order.
    ///
    /// # Errors
    ///
    /// - [`ImportError::Open`] or [`ImportError::Read`]: the input cannot be opened or read.
    /// - [`ImportError::InvalidLine`]: a line is invalid, and invalid lines are not skipped.
    /// - [`ImportError::Save`]: the store failed.
    ///
    /// All valid lines before the failure are saved, except the lines in [`ImportError::Save`].
    ///
    /// # Cancel safety
    ///
    /// A batch in progress is saved completely or not at all. Import the file again to continue.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime, which provides the thread that reads the input.
    pub async fn import(
        &mut self,
        source: &Source,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        let reader = Reader::open(source, self.options, Arc::clone(&self.clock))?;
        let name = reader.name().to_owned();
        watch.opened(&name, reader.size_bytes());
        let (sender, mut chunks) = mpsc::channel(1);
        let reading = spawn_blocking(move || reader.run(&sender));
        while let Some(chunk) = chunks.recv().await {
            self.save_chunk(&chunk, &name, watch).await?;
            watch.advanced(chunk.read_bytes, &self.report);
        }
        let read = reading
            .await
            .unwrap_or_else(|panicked| resume_unwind(panicked.into_panic()));
        self.report.invalid += u64::from(matches!(read, Err(ImportError::InvalidLine(_))));
        read
    }

    async fn save_chunk(
        &mut self,
        chunk: &Chunk,
        name: &str,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        self.report.lines += chunk.lines;
        for invalid in &chunk.invalid {
            self.report.invalid += 1;
            watch.invalid_line(invalid);
        }
        for replaced in &chunk.replaced {
            self.report.replaced += 1;
            watch.replaced(replaced);
        }
        let entries = self.save_entries(chunk, name, watch).await;
        // As with entries, only the finishes before an invalid line are saved.
        let before = match &entries {
            Ok(()) => u64::MAX,
            Err(ImportError::InvalidLine(invalid)) => invalid.line,
            Err(_) => return entries,
        };
        self.finish(chunk, before, name, watch).await?;
        entries
    }

    async fn save_entries(
        &mut self,
        chunk: &Chunk,
        name: &str,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        let [even, odd] = &chunk.halves;
        let histories = &*self.histories;
        let (of_even, of_odd) = tokio::join!(save(histories, even), save(histories, odd));
        let (mut unsaved, mut failure) = (Vec::new(), None);
        for (batch, saved) in [(even, of_even), (odd, of_odd)] {
            match saved {
                Ok(saved) => self.count(batch.entries().len(), &saved),
                Err(error) => {
                    unsaved.extend(batch.lines());
                    failure = failure.or((error.kind() != ErrorKind::Conflict).then_some(error));
                }
            }
        }
        unsaved.sort_unstable_by_key(|(line, _)| *line);
        let failed = match failure {
            Some(error) => Some((error, &*unsaved)),
            None => self.save_one_by_one(&unsaved, name, watch).await?,
        };
        failed.map_or(Ok(()), |(error, unsaved)| {
            let entries = unsaved.iter().map(|(line, _)| *line);
            Err(ImportError::not_saved(
                name,
                entries.chain(chunk.finish_lines()),
                error,
            ))
        })
    }

    /// Saves lines one by one, to find the conflicting ones. If the store fails, returns the error
    /// and the lines that are not saved.
    async fn save_one_by_one<'l>(
        &mut self,
        mut lines: &'l [(u64, &HistoryEntry)],
        name: &str,
        watch: &mut dyn ImportWatch,
    ) -> Result<Option<(RepositoryError, &'l [(u64, &'l HistoryEntry)])>, ImportError> {
        while let Some((&(line, entry), others)) = lines.split_first() {
            match self.histories.save_batch(std::slice::from_ref(entry)).await {
                Ok(saved) => self.count(1, &saved),
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    self.refuse(InvalidLine::conflict(name, line, &error), watch)?;
                }
                Err(error) => return Ok(Some((error, lines))),
            }
            lines = others;
        }
        Ok(None)
    }

    /// Saves the finishes of a chunk in lines before `before`. Call it after the entries are saved.
    async fn finish(
        &mut self,
        chunk: &Chunk,
        before: u64,
        name: &str,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        let [even, odd] = chunk
            .finishes
            .each_ref()
            .map(|lines| finishing::finish(&*self.histories, lines, before));
        let (even, odd) = tokio::join!(even, odd);
        let (mut conflicting, mut unsaved, mut failure) = (Vec::new(), Vec::new(), None);
        for finished in [even, odd] {
            self.report.saved += number(finished.new.len());
            self.report.duplicates += number(finished.repeated.len());
            self.count_tasks(finished.new.into_iter().chain(finished.repeated));
            conflicting.extend(finished.conflicting);
            if let Some((error, rest)) = finished.failure {
                unsaved.extend(rest.iter().map(|(line, ..)| *line));
                failure = failure.or(Some(error));
            }
        }
        // Report this before an invalid line, which implies that all finishes before it are saved.
        if let Some(error) = failure {
            return Err(ImportError::not_saved(name, unsaved, error));
        }
        conflicting.sort_unstable_by_key(|(line, _)| *line);
        for (line, recorded) in conflicting {
            self.refuse(InvalidLine::already_finished(name, line, recorded), watch)?;
        }
        Ok(())
    }

    fn count(&mut self, given: usize, saved: &SavedBatch) {
        if given == 0 {
            return;
        }
        let given = number(given);
        self.report.saved += saved.added;
        self.report.duplicates += given.saturating_sub(saved.added);
        self.count_tasks(saved.statuses.keys());
        tracing::debug!(entries = given, new = saved.added, "saved a batch");
    }

    fn count_tasks<'t>(&mut self, tasks: impl Iterator<Item = &'t TaskKey>) {
        self.tasks.extend(tasks.map(hash));
        self.report.tasks = number(self.tasks.len());
    }

    fn refuse(
        &mut self,
        invalid: InvalidLine,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        self.report.invalid += 1;
        match self.options.invalid_lines {
            InvalidLines::Stop => Err(ImportError::InvalidLine(invalid)),
            InvalidLines::Skip => {
                watch.invalid_line(&invalid);
                Ok(())
            }
        }
    }
}

async fn save(
    histories: &dyn TaskHistoryRepository,
    batch: &Batch,
) -> Result<SavedBatch, RepositoryError> {
    if batch.entries().is_empty() {
        return Ok(SavedBatch::default());
    }
    histories.save_batch(batch.entries()).await
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
