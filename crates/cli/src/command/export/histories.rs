use std::time::Instant;

use serde::Serialize;
use tasktrail::{DatabaseError, DatabaseManager, ExportSelection};
use tokio::sync::mpsc;

use super::answer::Answer;
use super::format::Format;
use super::progress::Progress;
use super::target::Target;
use super::transfer::transfer;
use super::writing::{self, HistoryMessage};
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Serialize)]
struct Counts {
    tasks: u64,
    entries: u64,
    finishes: u64,
}

/// Exports the selected histories.
pub(super) async fn export(
    selection: &ExportSelection,
    format: Format,
    target: Target,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let began = Instant::now();
    let (name, is_stdout) = (target.to_string(), target.is_stdout());
    let read = async |messages| {
        connection::with_store(global, async |store| {
            read(store, selection, &messages).await
        })
        .await
    };
    let write = move |target: &_, messages| writing::write(target, format, messages);
    let written = transfer(global, target, read, write).await?;
    if is_stdout {
        return Ok(());
    }
    let amount = &written.amount;
    let answer = Answer {
        file: &name,
        format: format.name(),
        counts: Counts {
            tasks: amount.tasks,
            entries: amount.entries,
            finishes: amount.finishes,
        },
        bytes: written.bytes,
        seconds: began.elapsed().as_secs_f64(),
    };
    let counts = [
        ("tasks", amount.tasks),
        ("entries", amount.entries),
        ("finishes", amount.finishes),
    ];
    answer.print(counts, output)
}

/// Reads the histories and sends them to the writer.
async fn read(
    manager: &DatabaseManager,
    selection: &ExportSelection,
    messages: &mpsc::Sender<HistoryMessage>,
) -> Result<(), Failure> {
    let export = manager.export(selection).await?;
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
