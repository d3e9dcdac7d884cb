use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

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
