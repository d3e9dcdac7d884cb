use std::fmt::Display;
use std::io::{self, Write};

use super::secrets;
use super::text::printable;

/// Prints to stderr, for people, whatever the format of the answer.
///
/// Whatever is quoted there, from files or from servers: no secrets, and no control characters.
pub(crate) fn note(text: impl Display) {
    let lines = secrets::hidden(&text.to_string());
    let mut stderr = io::stderr().lock();
    for line in lines.lines() {
        // Where stderr is closed there is nobody left to tell.
        drop(writeln!(stderr, "{}", printable(line)));
    }
}

/// An error takes one line, also where a server sends its hints on lines of their own.
pub(super) fn complain(words: &str) {
    let lines: Vec<&str> = words.lines().map(str::trim).collect();
    note(format_args!("error: {}", lines.join("; ")));
}
