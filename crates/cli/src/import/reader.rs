use std::sync::Arc;

use tasktrail::clock::Clock;
use tasktrail::task_history::{HistoryEntry, ResultLimit};

use super::batch::Batch;
use super::identity::Identities;
use super::lines::{Line, Lines, MAX_BYTES};
use super::record::{Fault, Record};
use super::source::{ReadBytes, Source};
use super::{BadLine, BadLines, ImportError, ImportOptions, ImportReport, ImportWatch};

/// Why a reader paused.
pub(super) enum Pause {
    /// The batch is full.
    Full,
    /// The input has been read.
    End,
    /// The import must not go on.
    Stopped(ImportError),
}

/// A line's length and its entry, or what is wrong with it.
type Read = Result<(usize, HistoryEntry), Fault>;

/// Turns the lines of one input into entries.
///
/// Reading blocks, inside of an async function: an import has nothing else to do meanwhile.
pub(super) struct Reader {
    name: String,
    size_bytes: Option<u64>,
    read_bytes: ReadBytes,
    lines: Lines,
    identities: Identities,
    options: ImportOptions,
    clock: Arc<dyn Clock>,
}

impl Reader {
    pub(super) fn open(
        source: &Source,
        options: ImportOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ImportError> {
        let input = source.open()?;
        Ok(Self {
            name: source.to_string(),
            size_bytes: input.size_bytes,
            read_bytes: input.read_bytes,
            lines: Lines::new(input.reader),
            identities: Identities::default(),
            options,
            clock,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes.get()
    }

    /// Reads lines into the batch until it is full, the input ends, or the import must stop.
    pub(super) fn fill(
        &mut self,
        batch: &mut Batch,
        report: &mut ImportReport,
        watch: &mut dyn ImportWatch,
    ) -> Pause {
        while !batch.is_full() {
            let read = match self.read() {
                Ok(Some(read)) => read,
                Ok(None) => return Pause::End,
                Err(error) => return Pause::Stopped(error),
            };
            report.lines += 1;
            match read {
                Ok((bytes, entry)) => batch.push(self.lines.number(), bytes, entry),
                Err(fault) => {
                    report.bad += 1;
                    let bad = BadLine::new(&self.name, self.lines.number(), fault);
                    match self.options.bad_lines {
                        BadLines::Stop => return Pause::Stopped(ImportError::BadLine(bad)),
                        BadLines::Skip => watch.bad_line(&bad),
                    }
                }
            }
        }
        Pause::Full
    }

    /// Reads a line; `None` at the end.
    fn read(&mut self) -> Result<Option<Read>, ImportError> {
        let limit = self.options.result_limit;
        match self.lines.next_line() {
            Ok(None) => Ok(None),
            Ok(Some(Line::TooLong)) => {
                let reason = format!("longer than {} MiB", MAX_BYTES >> 20);
                Ok(Some(Err(Fault::of_line(reason))))
            }
            Ok(Some(Line::Text(line))) => {
                let entry = entry(line, limit, &mut self.identities, &*self.clock);
                Ok(Some(entry.map(|entry| (line.len(), entry))))
            }
            Err(source) => Err(ImportError::Read {
                name: self.name.clone(),
                line: self.lines.number(),
                source,
            }),
        }
    }
}

fn entry(
    line: &[u8],
    limit: ResultLimit,
    identities: &mut Identities,
    clock: &dyn Clock,
) -> Result<HistoryEntry, Fault> {
    let record = Record::read(line, limit)?;
    Ok(HistoryEntry {
        id: identities.next(line, record.recorded_at),
        task: record.task,
        step: record.step,
        step_result: record.step_result,
        recorded_at: record.recorded_at.unwrap_or_else(|| clock.now()),
    })
}
