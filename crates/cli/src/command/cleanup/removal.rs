use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{RetentionPolicy, RetentionRule};
use tasktrail::{CleanupOptions, CleanupReport, DatabaseManager};

use super::answer::Answer;
use super::partitions;
use crate::failure::Failure;

/// How retention rules are applied.
pub(super) struct Removal<'m> {
    pub(super) manager: &'m DatabaseManager,
    /// Whether only to estimate what would be removed.
    pub(super) dry_run: bool,
    /// Whether to pause between batches.
    pub(super) throttle: bool,
}

impl Removal<'_> {
    /// Removes the tasks that a rule covers, or estimates what that would remove.
    pub(super) async fn apply(
        &self,
        rule: &RetentionRule,
        time_budget: Option<Duration>,
    ) -> Result<Answer, Failure> {
        let policy = rule.at(SystemClock.now());
        // The time budget covers the whole command, and an estimate has no limit of its own.
        let estimate = match time_budget {
            None => Some(self.manager.estimate_cleanup(&policy).await?),
            Some(_) => None,
        };
        let removed = if self.dry_run {
            None
        } else {
            let expected = estimate.map(|estimate| estimate.expired.tasks);
            Some(self.remove(&policy, time_budget, expected).await?)
        };
        let kept = if removed.as_ref().is_none_or(|removed| removed.complete) {
            partitions::outlook(self.manager, &policy, self.dry_run).await?
        } else {
            Vec::new()
        };
        Ok(Answer::new(rule.older_than, estimate, removed, kept))
    }

    async fn remove(
        &self,
        policy: &RetentionPolicy,
        time_budget: Option<Duration>,
        expected: Option<u64>,
    ) -> Result<CleanupReport, Failure> {
        let options = CleanupOptions::default()
            .with_time_budget(time_budget)
            .with_throttle(self.throttle);
        let bar = progress(expected);
        let removed = self
            .manager
            .clean_up(policy, &options, |removed| bar.set_position(removed.tasks))
            .await;
        bar.finish_and_clear();
        Ok(removed?)
    }
}

/// A progress bar, visible only on a terminal.
fn progress(tasks: Option<u64>) -> ProgressBar {
    let template = match tasks {
        Some(_) => "removing tasks {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left",
        None => "removing tasks: {human_pos}, {per_sec}",
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(tasks, ProgressDrawTarget::stderr()).with_style(style)
}
