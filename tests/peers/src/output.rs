//! Progress and results for the terminal.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints progress to stderr.
pub(crate) fn say(line: impl Display) {
    // A closed stream is no reason to stop.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints results to stdout.
pub(crate) fn tell(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
