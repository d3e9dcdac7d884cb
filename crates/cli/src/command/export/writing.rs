use std::io::{self, Write};

use tasktrail::{ExportAmount, ExportedItem, OrchestrationAmount, OrchestrationRecord};
use tokio::sync::mpsc;

use super::format::Format;
use super::target::Target;
use crate::failure::Failure;

/// A message from the reader to the writer.
pub(super) enum ExportMessage<I, A> {
    Chunk(Vec<I>),
    /// The end of the export, with the expected amount. Without it, the output is incomplete.
    End(A),
}

pub(super) type HistoryMessage = ExportMessage<ExportedItem, ExportAmount>;

pub(super) type OrchestrationMessage = ExportMessage<OrchestrationRecord, OrchestrationAmount>;

/// The result of a complete export.
#[derive(Debug)]
pub(super) struct Written<A> {
    pub(super) amount: A,
    /// Size of the stored file; `None` if the target is not a regular file.
    pub(super) bytes: Option<u64>,
}

/// Writes the received histories. Blocks: run it on its own thread, so that the next chunk is read in
/// parallel. Returns `None` if the reader stopped early. An incomplete file is removed.
pub(super) fn write(
    target: &Target,
    format: Format,
    mut messages: mpsc::Receiver<HistoryMessage>,
) -> io::Result<Option<Written<ExportAmount>>> {
    let mut sink = target.open()?;
    let mut document = format.document(&mut sink);
    document.begin()?;
    let mut amount = ExportAmount::default();
    let expected = loop {
        match messages.blocking_recv() {
            Some(HistoryMessage::Chunk(items)) => {
                for item in &items {
                    document.item(item)?;
                    amount.add(item);
                }
            }
            Some(HistoryMessage::End(expected)) => break expected,
            None => return Ok(None),
        }
    };
    document.end()?;
    drop(document);
    if amount != expected {
        let message = format!("wrote {amount}, but the histories have {expected}");
        return Err(io::Error::other(message));
    }
    let bytes = sink.finish()?;
    Ok(Some(Written { amount, bytes }))
}

/// Writes the received records, each as a line of JSON. Blocks, and returns `None`, as [`write`] does.
pub(super) fn write_records(
    target: &Target,
    mut messages: mpsc::Receiver<OrchestrationMessage>,
) -> io::Result<Option<Written<OrchestrationAmount>>> {
    let mut sink = target.open()?;
    let mut amount = OrchestrationAmount::default();
    let expected = loop {
        match messages.blocking_recv() {
            Some(OrchestrationMessage::Chunk(records)) => {
                for record in &records {
                    serde_json::to_writer(&mut sink, record)?;
                    sink.write_all(b"\n")?;
                    amount.add(record);
                }
            }
            Some(OrchestrationMessage::End(expected)) => break expected,
            None => return Ok(None),
        }
    };
    if amount != expected {
        let message = format!("wrote {amount:?}, but the store has {expected:?}");
        return Err(io::Error::other(message));
    }
    let bytes = sink.finish()?;
    Ok(Some(Written { amount, bytes }))
}

/// The failure for a write error. A closed pipe is not an error.
pub(super) fn failure(name: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ClosedPipe
    } else {
        Failure::error(format!("cannot write {name}: {error}"))
    }
}
