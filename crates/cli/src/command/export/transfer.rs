use std::io;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::target::Target;
use super::writing;
use crate::args::Global;
use crate::failure::Failure;

/// Reads and writes in parallel until both have ended, or a signal interrupts them. `write` returns
/// `None` if it received only a part, and removes an incomplete file.
pub(super) async fn transfer<M: Send + 'static, W: Send + 'static>(
    global: &Global,
    target: Target,
    read: impl AsyncFnOnce(mpsc::Sender<M>) -> Result<(), Failure>,
    write: impl FnOnce(&Target, mpsc::Receiver<M>) -> io::Result<Option<W>> + Send + 'static,
) -> Result<W, Failure> {
    let name = target.to_string();
    let is_file = target.is_file();
    // The process must not exit before an incomplete file is removed.
    let _shutdown_delay = if is_file {
        Some(global.interrupt.delay_exit().await)
    } else {
        None
    };
    let (sender, messages) = mpsc::channel(1);
    let writing = spawn_blocking(move || write(&target, messages));
    let read = tokio::select! {
        read = read(sender) => read,
        () = global.interrupt.signalled() => {
            if is_file {
                drop(writing.await);
            }
            global.interrupt.set_outcome(if is_file {
                "no file was written"
            } else {
                "the output is incomplete"
            });
            return Err(Failure::error("interrupted"));
        }
    };
    let written = writing.await?;
    // If writing failed, reading stopped without an error of its own.
    read?;
    let written = written.map_err(|error| writing::failure(&name, &error))?;
    written.ok_or_else(|| Failure::error(format!("{name} is incomplete")))
}
