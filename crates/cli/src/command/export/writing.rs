use std::io;

use tasktrail::{ExportAmount, ExportedItem};
use tokio::sync::mpsc;

use super::format::Format;
use super::target::Target;
use crate::failure::Failure;

/// A message from the reader to the writer.
pub(super) enum ExportMessage {
    Chunk(Vec<ExportedItem>),
    /// The end of the export, with the expected amount. Without it, the output is incomplete.
    End(ExportAmount),
}

/// The result of a complete export.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) amount: ExportAmount,
    /// Size of the stored file; `None` if the target is not a regular file.
    pub(super) bytes: Option<u64>,
}

/// Writes the received chunks. Blocks: run it on its own thread, so that the next chunk is read in
/// parallel. Returns `None` if the reader stopped early. An incomplete file is removed.
pub(super) fn write(
    target: &Target,
    format: Format,
    mut messages: mpsc::Receiver<ExportMessage>,
) -> io::Result<Option<Written>> {
    let mut sink = target.open()?;
    let mut document = format.document(&mut sink);
    document.begin()?;
    let mut amount = ExportAmount::default();
    let expected = loop {
        match messages.blocking_recv() {
            Some(ExportMessage::Chunk(items)) => {
                for item in &items {
                    document.item(item)?;
                    amount.add(item);
                }
            }
            Some(ExportMessage::End(expected)) => break expected,
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

/// The failure for a write error. A closed pipe is not an error.
pub(super) fn failure(name: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ClosedPipe
    } else {
        Failure::error(format!("cannot write {name}: {error}"))
    }
}
