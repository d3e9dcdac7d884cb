use serde::Serialize;
use tasktrail::TaskId;

use crate::failure::Failure;
use crate::output::{Output, printable};

/// Prints the outcome of a write as JSON, or as a sentence. Fails with [`Failure::No`] if the write
/// was refused.
pub(super) fn answer(
    outcome: &impl Serialize,
    sentence: impl FnOnce() -> String,
    is_done: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        output.json(outcome)?;
    } else {
        output.line(sentence())?;
    }
    if is_done { Ok(()) } else { Err(Failure::No) }
}

/// The IDs of tasks, separated by commas.
pub(super) fn listed(tasks: &[TaskId]) -> String {
    let tasks: Vec<_> = tasks.iter().map(|task| printable(task.as_str())).collect();
    tasks.join(", ")
}
