use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tasktrail::{Export, ExportedItem};

use crate::output::grouped;

/// The progress bar of an export, visible only on a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    tasks: u64,
}

impl Progress {
    pub(super) fn of(export: &Export) -> Self {
        let template = "exporting {wide_bar} {human_pos} of {human_len} entries, {msg} tasks, {per_sec}, \
                        {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let target = ProgressDrawTarget::stderr();
        Self {
            bar: ProgressBar::with_draw_target(Some(export.entries()), target).with_style(style),
            tasks: 0,
        }
    }

    pub(super) fn advance(&mut self, chunk: &[ExportedItem]) {
        let is_task = |item: &&ExportedItem| matches!(item, ExportedItem::Task(_));
        let tasks = chunk.iter().filter(is_task).count();
        let entries = u64::try_from(chunk.len() - tasks).unwrap_or(u64::MAX);
        self.tasks += u64::try_from(tasks).unwrap_or(u64::MAX);
        self.bar.set_message(grouped(self.tasks));
        self.bar.inc(entries);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
