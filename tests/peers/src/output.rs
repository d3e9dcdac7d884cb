//! What a person reads while it runs, and at the end.

use std::fmt::Display;
use std::io::{self, Write};

/// Progress, on its own stream.
pub(crate) fn say(line: impl Display) {
    // Nobody reads it any more: no reason to stop.
    let _ = writeln!(io::stderr(), "{line}");
}

/// The results.
pub(crate) fn tell(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
