//! Imports recorded step results from files, as `tasktrail import` does.
//!
//! The rest of the command-line tool is a binary. This part is a library, so that tests can call
//! it.

pub mod import;
