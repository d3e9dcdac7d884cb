use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The progress line of a benchmark, visible only on a terminal.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Default for Progress {
    fn default() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Progress {
    /// Shows that rows are being loaded.
    pub(super) fn start_loading(&self, what: &str, rows: u64) {
        self.0.reset();
        self.0.set_length(rows);
        self.show(
            "loading {msg} {wide_bar} {human_pos} of {human_len}, {eta} left",
            what,
        );
    }

    /// Shows what is being measured.
    pub(super) fn start_measuring(&self, what: &str) {
        self.show("measuring {msg} {spinner}", what);
    }

    pub(super) fn advance(&self, rows: u64) {
        self.0.inc(rows);
    }

    fn show(&self, template: &str, what: &str) {
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.0.set_style(style);
        self.0.set_message(what.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
