use std::time::Instant;

use serde::Serialize;
use tasktrail::task_history::Scope;
use tasktrail::{DatabaseError, DatabaseManager, ExportSelection};
use tokio::sync::mpsc;

use super::ExportArgs;
use super::format::Format;
use super::progress::Progress;
use super::target::Target;
use super::transfer::transfer;
use super::writing::{self, HistoryMessage};
use crate::args::{Global, status_set};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped};

#[derive(Serialize)]
struct Answer<'a> {
    file: &'a str,
    format: &'a str,
    tasks: u64,
    entries: u64,
    finishes: u64,
    /// Size of the stored file; `null` if the target is not a regular file.
    bytes: Option<u64>,
    seconds: f64,
}

/// Exports histories.
pub(super) async fn export(
    args: &ExportArgs,
    format: Format,
    target: Target,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let began = Instant::now();
    let (name, is_stdout) = (target.to_string(), target.is_stdout());
    let read = async |messages| args.read(global, &messages).await;
    let write = move |target: &_, messages| writing::write(target, format, messages);
    let written = transfer(global, target, read, write).await?;
    if is_stdout {
        return Ok(());
    }
    let answer = Answer {
        file: &name,
        format: format.name(),
        tasks: written.amount.tasks,
        entries: written.amount.entries,
        finishes: written.amount.finishes,
        bytes: written.bytes,
        seconds: began.elapsed().as_secs_f64(),
    };
    print(&answer, output)
}

fn print(answer: &Answer<'_>, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(answer);
    }
    let facts = [
        ("tasks", grouped(answer.tasks)),
        ("entries", grouped(answer.entries)),
        ("finishes", grouped(answer.finishes)),
        (
            "bytes",
            answer.bytes.map_or_else(|| "?".to_owned(), grouped),
        ),
        ("seconds", format!("{:.1}", answer.seconds)),
    ];
    output.table(&output.table_style().facts(facts))
}

impl ExportArgs {
    /// Reads the histories and sends them to the writer.
    async fn read(
        &self,
        global: &Global,
        messages: &mpsc::Sender<HistoryMessage>,
    ) -> Result<(), Failure> {
        connection::with_store(global, async |store| self.read_from(store, messages).await).await
    }

    async fn read_from(
        &self,
        manager: &DatabaseManager,
        messages: &mpsc::Sender<HistoryMessage>,
    ) -> Result<(), Failure> {
        let selection = ExportSelection::default()
            .with_scope(self.user.clone().map_or(Scope::Everyone, Scope::User))
            .with_since(self.since)
            .with_until(self.until)
            .with_statuses(status_set(&self.statuses));
        let export = manager.export(&selection).await?;
        let mut export = export.ok_or_else(|| Failure::error("there is no database to export"))?;
        let mut progress = Progress::of(&export);
        while let Some(chunk) = export.next_portion().await.map_err(DatabaseError::Export)? {
            progress.advance(&chunk);
            if messages.send(HistoryMessage::Chunk(chunk)).await.is_err() {
                return Ok(());
            }
        }
        // If the writer is gone, it reports the error.
        let _sent = messages.send(HistoryMessage::End(export.total())).await;
        Ok(())
    }
}
