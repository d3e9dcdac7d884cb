use std::io;

use tasktrail::ExportedItem;
use tokio::sync::mpsc;

use super::format::Format;
use super::target::Target;
use crate::failure::Failure;

/// What the writer is given.
pub(super) enum Work {
    Portion(Vec<ExportedItem>),
    /// That was all. Without it what was written is not complete.
    End,
}

/// Writes what comes, on a thread of its own: the next portion is read meanwhile. Tells the size of the
/// file; a file that does not become complete is removed.
pub(super) fn write(
    target: &Target,
    format: Format,
    mut works: mpsc::Receiver<Work>,
) -> io::Result<Option<u64>> {
    let mut sink = target.open()?;
    let mut document = format.document(&mut sink);
    document.begin()?;
    loop {
        match works.blocking_recv() {
            Some(Work::Portion(items)) => items.iter().try_for_each(|item| document.item(item))?,
            Some(Work::End) => break,
            None => return Ok(None),
        }
    }
    document.end()?;
    drop(document);
    sink.finish()
}

/// Why a target is not complete. A reader that has gone has what he wanted.
pub(super) fn failure(name: &str, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ClosedPipe
    } else {
        Failure::error(format!("cannot write {name}: {error}"))
    }
}
