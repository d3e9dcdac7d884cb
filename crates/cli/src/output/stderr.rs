use std::fmt::Display;
use std::io::{self, Write};

use super::secrets;
use super::text::printable;

/// Prints text to stderr, independent of the output format.
///
/// The text may quote files and server messages: secrets are removed, and control characters are
/// escaped.
pub(crate) fn note(text: impl Display) {
    let lines = secrets::hidden(&text.to_string());
    let mut stderr = io::stderr().lock();
    for line in lines.lines() {
        // An error of stderr cannot be reported.
        drop(writeln!(stderr, "{}", printable(line)));
    }
}

/// Prints an error on one line. Further lines, such as hints of the server, are appended to it.
pub(super) fn print_error(message: &str) {
    let lines: Vec<&str> = message.lines().map(str::trim).collect();
    note(format_args!("error: {}", lines.join("; ")));
}
