//! The import of recorded step results, as the command-line tool `tasktrail` does it.
//!
//! The tool is a binary; this part of it is a library, so that tests can call it.

pub mod import;
