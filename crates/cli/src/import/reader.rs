use std::sync::Arc;

use tasktrail::clock::Clock;
use tasktrail::task_history::HistoryEntry;
use tokio::sync::mpsc;

use super::chunk::{Chunk, Parsed};
use super::error::{ImportError, InvalidLine};
use super::identity::Identities;
use super::lines::{Line, Lines, MAX_BYTES};
use super::options::{ImportOptions, InvalidLines};
use super::record::{Fault, Record, Save};
use super::source::{ReadBytes, Source};

/// Why a chunk ends.
enum End {
    /// It is full.
    Full,
    /// The input has been read.
    Input,
    /// The import must stop.
    Stopped(ImportError),
}

/// The length of a line, its content, and the reason for a replacement; or what is wrong with it.
type Read = Result<(usize, Parsed, Option<Fault>), Fault>;

/// Reads and parses the lines of one input. Runs on its own thread, so that it reads ahead while
/// lines are saved.
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

    /// Reads the input and sends it in chunks. Waits while the channel is full, and returns when
    /// the receiver is dropped.
    pub(super) fn run(mut self, chunks: &mpsc::Sender<Chunk>) -> Result<(), ImportError> {
        loop {
            let mut chunk = Chunk::default();
            let end = self.fill(&mut chunk);
            chunk.read_bytes = self.read_bytes.get();
            if chunks.blocking_send(chunk).is_err() {
                return Ok(());
            }
            match end {
                End::Full => {}
                End::Input => return Ok(()),
                End::Stopped(error) => return Err(error),
            }
        }
    }

    fn fill(&mut self, chunk: &mut Chunk) -> End {
        while !chunk.is_full() {
            let read = match self.read() {
                Ok(Some(read)) => read,
                Ok(None) => return End::Input,
                Err(error) => return End::Stopped(error),
            };
            chunk.lines += 1;
            match read {
                Ok((bytes, parsed, replaced)) => {
                    let line = self.lines.number();
                    let replaced = replaced.map(|fault| InvalidLine::new(&self.name, line, fault));
                    chunk.replaced.extend(replaced);
                    chunk.push(line, bytes, parsed);
                }
                Err(fault) => {
                    let invalid = InvalidLine::new(&self.name, self.lines.number(), fault);
                    match self.options.invalid_lines {
                        InvalidLines::Stop => {
                            return End::Stopped(ImportError::InvalidLine(invalid));
                        }
                        InvalidLines::Skip => chunk.invalid.push(invalid),
                    }
                }
            }
        }
        End::Full
    }

    /// Reads a line; `None` at the end.
    fn read(&mut self) -> Result<Option<Read>, ImportError> {
        match self.lines.next_line() {
            Ok(None) => Ok(None),
            Ok(Some(Line::TooLong)) => {
                let reason = format!("longer than {} MiB", MAX_BYTES >> 20);
                Ok(Some(Err(Fault::of_line(reason))))
            }
            Ok(Some(Line::Text(line))) => {
                let parsed = parse(line, self.options, &mut self.identities, &*self.clock);
                Ok(Some(
                    parsed.map(|(parsed, replaced)| (line.len(), parsed, replaced)),
                ))
            }
            Err(source) => Err(ImportError::Read {
                name: self.name.clone(),
                line: self.lines.number(),
                source,
            }),
        }
    }
}

fn parse(
    line: &[u8],
    options: ImportOptions,
    identities: &mut Identities,
    clock: &dyn Clock,
) -> Result<(Parsed, Option<Fault>), Fault> {
    let saved: Save = match Record::read(line, options)? {
        Record::Save(saved) => saved,
        Record::Finish(task, finish) => return Ok((Parsed::Finish(task, finish), None)),
    };
    let derived = || identities.next(line, saved.recorded_at);
    let entry = HistoryEntry::new(
        saved.entry_id.unwrap_or_else(derived),
        saved.task,
        saved.step,
        saved.step_result,
        saved.recorded_at.unwrap_or_else(|| clock.now()),
    );
    Ok((Parsed::Entry(entry), saved.replaced))
}
