use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tasktrail::{Export, ExportedItem, OrchestrationAmount, OrchestrationExport};

use crate::output::grouped;

/// The progress bar of an export of histories, visible only on a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    tasks: u64,
}

impl Progress {
    pub(super) fn of(export: &Export) -> Self {
        let template = "exporting {wide_bar} {human_pos} of {human_len} entries, {msg} tasks, {per_sec}, \
                        {eta} left";
        Self {
            bar: bar(template, export.entries()),
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

/// The progress bar of an export of orchestration. It counts tasks, because the others have no known
/// number.
pub(super) struct OrchestrationProgress(ProgressBar);

impl OrchestrationProgress {
    pub(super) fn of(export: &OrchestrationExport) -> Self {
        let template = "exporting {wide_bar} {human_pos} of {human_len} tasks, {msg} executions and audit entries";
        Self(bar(template, export.tasks()))
    }

    pub(super) fn show(&self, read: OrchestrationAmount) {
        self.0.set_position(read.tasks);
        self.0
            .set_message(grouped(read.executions + read.audit_entries));
    }
}

impl Drop for OrchestrationProgress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn bar(template: &str, length: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let target = ProgressDrawTarget::stderr();
    ProgressBar::with_draw_target(Some(length), target).with_style(style)
}
