use std::io;

use tasktrail::{ExportAmount, ExportedItem};
use tokio::sync::mpsc;

use super::format::Format;
use super::target::Target;
use crate::failure::Failure;

/// What the reader sends to the writer.
pub(super) enum ExportMessage {
    Chunk(Vec<ExportedItem>),
    /// That was all, and so much. Without it what was written is not complete.
    End(ExportAmount),
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) amount: ExportAmount,
    /// The size of the file as it is stored; `None` for what is no regular file.
    pub(super) bytes: Option<u64>,
}

/// Writes what comes, on a thread of its own: the next chunk is read meanwhile. Gives what was written;
/// `None` if the reading ended early. A file that does not become complete is removed.
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
        let message = format!("{amount} were written, but the histories have {expected}");
        return Err(io::Error::other(message));
    }
    let bytes = sink.finish()?;
    Ok(Some(Written { amount, bytes }))
}

/// Why a target is not complete. A reader that has gone has what he wanted.
pub(super) fn failure(name: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ClosedPipe
    } else {
        Failure::error(format!("cannot write {name}: {error}"))
    }
}
