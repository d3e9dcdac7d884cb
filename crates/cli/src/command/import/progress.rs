use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tasktrail_cli::import::{ImportReport, ImportWatch, InvalidLine};

use crate::output::{grouped, note, printable};

/// Maximum number of invalid lines, and of replaced lines, that are reported individually.
const MAX_REPORTED: u64 = 20;

/// Shows the progress of an import on stderr: a progress bar on a terminal, and the invalid lines.
pub(super) struct Progress {
    bar: ProgressBar,
    invalid: u64,
    replaced: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            invalid: 0,
            replaced: 0,
        }
    }
}

impl Progress {
    /// Removes the bar, and prints the number of lines that were not reported individually.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
        for (what, lines) in [("invalid line", self.invalid), ("replaced", self.replaced)] {
            let more = lines.saturating_sub(MAX_REPORTED);
            if more > 0 {
                note(format_args!("{what}: and {} more", grouped(more)));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl ImportWatch for Progress {
    fn opened(&mut self, name: &str, size_bytes: Option<u64>) {
        self.bar.finish_and_clear();
        let template = match size_bytes {
            Some(_) => {
                "{prefix} {wide_bar} {bytes} of {total_bytes}, {msg}, {bytes_per_sec}, {eta} left"
            }
            None => "{prefix} {spinner} {bytes}, {msg}, {bytes_per_sec}",
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let file_name = Path::new(name).file_name().unwrap_or(name.as_ref());
        // Draws nothing if stderr is not a terminal.
        self.bar = ProgressBar::with_draw_target(size_bytes, ProgressDrawTarget::stderr())
            .with_style(style)
            .with_prefix(printable(&file_name.to_string_lossy()));
    }

    fn advanced(&mut self, read_bytes: u64, report: &ImportReport) {
        self.bar
            .set_message(format!("{} lines", grouped(report.lines)));
        self.bar.set_position(read_bytes);
    }

    fn invalid_line(&mut self, invalid: &InvalidLine) {
        self.invalid += 1;
        if self.invalid <= MAX_REPORTED {
            self.bar
                .suspend(|| note(format_args!("invalid line: {invalid}")));
        }
    }

    fn replaced(&mut self, replaced: &InvalidLine) {
        self.replaced += 1;
        if self.replaced <= MAX_REPORTED {
            self.bar
                .suspend(|| note(format_args!("replaced: {replaced}")));
        }
    }
}
