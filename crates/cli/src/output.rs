//! All output of the tool.

mod bars;
mod confirm;
mod drawing;
mod format;
mod outcomes;
mod secrets;
mod stderr;
mod table_of_audit_entries;
mod table_style;
pub(crate) mod tables;
mod tables_of_orchestration;
mod terminal;
mod text;

use std::fmt::Display;
use std::io::{self, BufWriter, Stdout, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use comfy_table::Table;
use serde::Serialize;
use tasktrail::repository::ErrorChain;

use self::stderr::print_error;
use crate::failure::Failure;

pub(crate) use self::confirm::confirm;
pub(crate) use self::drawing::drawing;
pub(crate) use self::format::Format;
pub(crate) use self::outcomes::{cancelled, empty_claim, reported};
pub(crate) use self::stderr::note;
pub(crate) use self::table_style::{TableStyle, number_cell};
pub(crate) use self::terminal::has_colours;
pub(crate) use self::text::{
    bytes, counted, counted_items, grouped, moment, printable, quoted, task_status,
};

/// Standard output, in the selected format.
#[derive(Debug)]
pub(crate) struct Output {
    format: Format,
    table_style: TableStyle,
    stdout: BufWriter<Stdout>,
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        let stdout = io::stdout();
        Self {
            format,
            table_style: TableStyle::of(&stdout),
            stdout: BufWriter::new(stdout),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The style of tables on this output.
    pub(crate) fn table_style(&self) -> TableStyle {
        self.table_style
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        writeln!(self.stdout, "{line}").map_err(|error| write_failure(&error))
    }

    /// Prints a heading, bold on a terminal.
    pub(crate) fn heading(&mut self, heading: impl Display) -> Result<(), Failure> {
        if self.table_style.colours {
            self.line(format_args!("\x1b[1m{heading}\x1b[0m"))
        } else {
            self.line(heading)
        }
    }

    /// Prints a table.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), Failure> {
        for line in table.lines() {
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Prints a JSON document.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.stdout, document)
            .map_err(|error| write_failure(&error.into()))?;
        self.line("")
    }

    /// Starts a JSON list that is printed item by item, so it need not fit in memory.
    pub(crate) fn json_list(&mut self) -> JsonList<'_> {
        JsonList {
            output: self,
            separator: FIRST_SEPARATOR,
        }
    }

    /// Prints bytes unchanged.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout
            .write_all(bytes)
            .map_err(|error| write_failure(&error))
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(|error| write_failure(&error))
    }

    /// Prints the failure, and returns the exit code.
    pub(crate) fn end(mut self, failure: Failure) -> ExitCode {
        // Flush the output before the error is printed. A flush error is secondary to `failure`.
        let flushed = self.flush();
        match failure {
            Failure::ClosedPipe => ExitCode::SUCCESS,
            Failure::No => match flushed {
                Err(Failure::Error(error)) => failed(&ErrorChain(&*error)),
                _ => ExitCode::from(1),
            },
            Failure::Error(error) => failed(&ErrorChain(&*error)),
            Failure::Interrupted { code, outcome } => {
                print_error(&format!("interrupted; {outcome}"));
                ExitCode::from(code)
            }
            Failure::Usage(message) => {
                note(format_args!("error: {message}"));
                ExitCode::from(2)
            }
        }
    }
}

fn failed(error: &dyn Display) -> ExitCode {
    print_error(&error.to_string());
    ExitCode::from(1)
}

/// A JSON list that is printed item by item. Nothing is printed before the first item, so a command
/// that fails immediately prints nothing.
#[derive(Debug)]
pub(crate) struct JsonList<'a> {
    output: &'a mut Output,
    separator: &'static str,
}

const FIRST_SEPARATOR: &str = "[\n  ";

impl JsonList<'_> {
    pub(crate) fn item(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let stdout = &mut self.output.stdout;
        write!(stdout, "{}", self.separator).map_err(|error| write_failure(&error))?;
        self.separator = ",\n  ";
        serde_json::to_writer(stdout, document).map_err(|error| write_failure(&error.into()))
    }

    pub(crate) fn end(self) -> Result<(), Failure> {
        let is_empty = self.separator == FIRST_SEPARATOR;
        self.output.line(if is_empty { "[]" } else { "\n]" })
    }
}

/// Prints the output of clap: help on stdout, errors on stderr.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let plain = error.render().to_string();
    // Only errors quote arguments, which may contain secrets.
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.use_stderr() && !is_help && secrets::hidden(&plain) != plain {
        note(plain.trim_end());
    } else if error.print().is_err() {
        // The reader has closed the pipe.
        return ExitCode::SUCCESS;
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn write_failure(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ClosedPipe
    } else {
        Failure::error(format!("cannot write to standard output: {error}"))
    }
}
