use std::io::{self, Write};

use serde::Serialize;
use tasktrail::ExportedItem;
use tasktrail::task_history::{
    EntryId, Finish, HistoryEntry, StepNumber, TaskStatus, TaskStepResult,
};
use tasktrail::timestamp::Timestamp;
use tasktrail::{TaskId, TaskKey, UserId};

use super::document::{Document, Trail};

/// Writes the lines that `tasktrail import` reads.
pub(super) struct JsonLines<W> {
    out: W,
    trail: Trail,
}

#[derive(Serialize)]
struct EntryLine<'a> {
    user_id: &'a UserId,
    task_id: &'a TaskId,
    step: StepNumber,
    recorded_at: Timestamp,
    entry_id: EntryId,
    step_result: &'a TaskStepResult,
}

#[derive(Serialize)]
struct FinishLine<'a> {
    user_id: &'a UserId,
    task_id: &'a TaskId,
    finish: FinishView,
}

#[derive(Serialize)]
struct FinishView {
    status: TaskStatus,
    at: Timestamp,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            trail: Trail::default(),
        }
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    fn entry(&mut self, entry: &HistoryEntry) -> io::Result<()> {
        self.line(&EntryLine {
            user_id: &entry.task.user,
            task_id: &entry.task.task,
            step: entry.step,
            recorded_at: entry.recorded_at,
            entry_id: entry.id,
            step_result: &entry.step_result,
        })
    }

    fn finish(&mut self, finished: Option<(TaskKey, Finish)>) -> io::Result<()> {
        let Some((task, finish)) = finished else {
            return Ok(());
        };
        self.line(&FinishLine {
            user_id: &task.user,
            task_id: &task.task,
            finish: FinishView {
                status: finish.status.into(),
                at: finish.at,
            },
        })
    }
}

impl<W: Write> Document for JsonLines<W> {
    fn begin(&mut self) -> io::Result<()> {
        Ok(())
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
        self.finish(finished)
    }
}
