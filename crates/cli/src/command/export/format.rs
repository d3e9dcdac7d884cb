use std::io::Write;
use std::path::Path;

use clap::ValueEnum;

use super::comma_separated::CommaSeparated;
use super::document::Document;
use super::event_log::EventLog;
use super::json_lines::JsonLines;

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// JSON lines; can be imported again.
    Jsonl,
    /// CSV, RFC 4180.
    Csv,
    /// XES event log, IEEE 1849.
    Xes,
}

impl Format {
    /// Returns the format for the suffix of a file; JSON lines for standard output.
    pub(super) fn of(file: &Path) -> Result<Self, String> {
        let name = lower_case_name(file);
        let known = |format: &Self| name.ends_with(&format!(".{}", format.name()));
        let formats = [Self::Jsonl, Self::Csv, Self::Xes];
        match formats.into_iter().find(known) {
            Some(format) => Ok(format),
            None if name == "-" => Ok(Self::Jsonl),
            None => Err(format!(
                "cannot derive the format from the name {}: use the suffix .jsonl, .csv or .xes, \
                 optionally followed by .gz, or pass --as jsonl, csv or xes",
                file.display()
            )),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Xes => "xes",
        }
    }

    /// Returns a writer of this format.
    pub(super) fn document<'w>(self, out: impl Write + 'w) -> Box<dyn Document + 'w> {
        match self {
            Self::Jsonl => Box::new(JsonLines::new(out)),
            Self::Csv => Box::new(CommaSeparated::new(out)),
            Self::Xes => Box::new(EventLog::new(out)),
        }
    }
}

/// The file name in lower case, without `.gz`.
fn lower_case_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_ascii_lowercase();
    name.strip_suffix(".gz").unwrap_or(&name).to_owned()
}

/// Whether the name of a file asks for compression.
pub(super) fn is_compressed(file: &Path) -> bool {
    let suffix = file.extension();
    suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("gz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffix_selects_the_format_also_before_gz() {
        let of = |name: &str| Format::of(Path::new(name));

        assert_eq!(of("a.jsonl"), Ok(Format::Jsonl));
        assert_eq!(of("dir.csv/A.XES.GZ"), Ok(Format::Xes));
        assert_eq!(of("a.csv.gz"), Ok(Format::Csv));
        assert_eq!(of("-"), Ok(Format::Jsonl));
        for unknown in ["a", "a.gz", "jsonl", "a.json", "a.csv.zst"] {
            assert!(of(unknown).is_err(), "{unknown}");
        }
    }
}
