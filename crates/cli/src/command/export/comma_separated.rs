use std::io::{self, Write};

use csv::{ErrorKind, Terminator, Writer, WriterBuilder};
use tasktrail::ExportedItem;
use tasktrail::TaskKey;
use tasktrail::task_history::{Finish, HistoryEntry};

use super::document::{Document, Trail};

/// Writes CSV as in RFC 4180: lines end in CRLF, and values are quoted only if necessary.
pub(super) struct CommaSeparated<W: Write> {
    out: Writer<W>,
    trail: Trail,
}

const HEADER: [&str; 14] = [
    "user_id",
    "task_id",
    "kind",
    "position",
    "step",
    "step_name",
    "status",
    "error_code",
    "recorded_at",
    "entry_id",
    "completed",
    "message",
    "error_message",
    "result",
];

impl<W: Write> CommaSeparated<W> {
    pub(super) fn new(out: W) -> Self {
        let out = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        Self {
            out,
            trail: Trail::default(),
        }
    }

    fn row(&mut self, row: [&str; HEADER.len()]) -> io::Result<()> {
        // The conversion of `csv` would hide `BrokenPipe`, which means that the reader has closed
        // the pipe.
        self.out
            .write_record(row)
            .map_err(|error| match error.into_kind() {
                ErrorKind::Io(error) => error,
                other => io::Error::other(format!("{other:?}")),
            })
    }

    fn entry(&mut self, entry: &HistoryEntry) -> io::Result<()> {
        self.trail.entries += 1;
        let result = &entry.step_result;
        self.row([
            entry.task.user.as_str(),
            entry.task.task.as_str(),
            "entry",
            &self.trail.entries.to_string(),
            &entry.step.to_string(),
            result.step().as_str(),
            result.status().as_str(),
            result.error_code().map_or("", |code| code.as_str()),
            &entry.recorded_at.to_string(),
            &entry.id.to_string(),
            if result.is_completed() {
                "true"
            } else {
                "false"
            },
            result.message(),
            result.error_message().unwrap_or_default(),
            result.result().as_str(),
        ])
    }

    fn finish(&mut self, finished: Option<(TaskKey, Finish)>) -> io::Result<()> {
        let Some((task, finish)) = finished else {
            return Ok(());
        };
        let (status, at) = (finish.status.to_string(), finish.at.to_string());
        let mut row = [""; HEADER.len()];
        let [
            user_id,
            task_id,
            kind,
            _,
            _,
            _,
            row_status,
            _,
            recorded_at,
            ..,
        ] = &mut row;
        *user_id = task.user.as_str();
        *task_id = task.task.as_str();
        *kind = "finish";
        *row_status = &status;
        *recorded_at = &at;
        self.row(row)
    }
}

impl<W: Write> Document for CommaSeparated<W> {
    fn begin(&mut self) -> io::Result<()> {
        self.row(HEADER)
    }

    fn item(&mut self, item: &ExportedItem) -> io::Result<()> {
        match item {
            ExportedItem::Task(task) => {
                let finished = self.trail.begin(task);
                self.finish(finished)
            }
            ExportedItem::Entry(entry) => self.entry(entry),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let finished = self.trail.end();
        self.finish(finished)?;
        self.out.flush()
    }
}
