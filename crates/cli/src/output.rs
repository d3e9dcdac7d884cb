//! The one place that prints.

mod bars;
mod confirm;
mod format;
mod secrets;
mod stderr;
mod table_style;
pub(crate) mod tables;
mod terminal;
mod text;

use std::fmt::Display;
use std::io::{self, BufWriter, Stdout, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use comfy_table::Table;
use serde::Serialize;
use tasktrail::repository::ErrorChain;

use self::stderr::complain;
use crate::failure::Failure;

pub(crate) use self::confirm::confirm;
pub(crate) use self::format::Format;
pub(crate) use self::stderr::note;
pub(crate) use self::table_style::{TableStyle, number_cell};
pub(crate) use self::terminal::has_colours;
pub(crate) use self::text::{bytes, grouped, moment, printable, quoted};

/// Where answers go: standard output, in the format that was asked for.
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

    /// How tables look here.
    pub(crate) fn table_style(&self) -> TableStyle {
        self.table_style
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, line: impl Display) -> Result<(), Failure> {
        writeln!(self.stdout, "{line}").map_err(|error| unwritten(&error))
    }

    /// Prints a line that stands out.
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
            .map_err(|error| unwritten(&error.into()))?;
        self.line("")
    }

    /// Begins a list of JSON documents, which need not fit into memory together.
    pub(crate) fn json_list(&mut self) -> JsonList<'_> {
        JsonList {
            output: self,
            separator: FIRST_SEPARATOR,
        }
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout
            .write_all(bytes)
            .map_err(|error| unwritten(&error))
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout.flush().map_err(|error| unwritten(&error))
    }

    /// Tells why the command ends, and with which exit code.
    pub(crate) fn end(mut self, failure: Failure) -> ExitCode {
        // What was printed so far comes first; of two failures the first one is told.
        let flushed = self.flush();
        match failure {
            Failure::ClosedPipe => ExitCode::SUCCESS,
            Failure::No => match flushed {
                Err(Failure::Error(error)) => failed(&ErrorChain(&*error)),
                _ => ExitCode::from(1),
            },
            Failure::Error(error) => failed(&ErrorChain(&*error)),
            Failure::Interrupted { code, outcome } => {
                complain(&format!("interrupted; {outcome}"));
                ExitCode::from(code)
            }
            Failure::Usage(words) => {
                note(format_args!("error: {words}"));
                ExitCode::from(2)
            }
        }
    }
}

fn failed(error: &dyn Display) -> ExitCode {
    complain(&error.to_string());
    ExitCode::from(1)
}

/// A list of JSON documents that is being printed. Nothing is printed before the first one, so that
/// what fails at once prints nothing.
#[derive(Debug)]
pub(crate) struct JsonList<'a> {
    output: &'a mut Output,
    separator: &'static str,
}

const FIRST_SEPARATOR: &str = "[\n  ";

impl JsonList<'_> {
    pub(crate) fn item(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let stdout = &mut self.output.stdout;
        write!(stdout, "{}", self.separator).map_err(|error| unwritten(&error))?;
        self.separator = ",\n  ";
        serde_json::to_writer(stdout, document).map_err(|error| unwritten(&error.into()))
    }

    pub(crate) fn end(self) -> Result<(), Failure> {
        let is_empty = self.separator == FIRST_SEPARATOR;
        self.output.line(if is_empty { "[]" } else { "\n]" })
    }
}

/// Prints what clap has to say: help on stdout, errors on stderr.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let plain = error.render().to_string();
    // Help is the tool's own text; an error quotes arguments.
    let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if error.use_stderr() && !is_help && secrets::hidden(&plain) != plain {
        note(plain.trim_end());
    } else if error.print().is_err() {
        // A reader that has gone needs no help.
        return ExitCode::SUCCESS;
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn unwritten(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::ClosedPipe
    } else {
        Failure::error(format!("cannot write to standard output: {error}"))
    }
}
