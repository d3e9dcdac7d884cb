use std::time::Duration;

use indicatif::HumanBytes;
use serde::Serialize;
use tasktrail::task_history::ExpiredCounts;
use tasktrail::{CleanupEstimate, CleanupReport};

use super::partitions::Outlook;
use crate::failure::Failure;
use crate::output::{Output, counted, printable};

/// What the cleanup of one rule removed, or would remove.
#[derive(Serialize)]
pub(super) struct Answer {
    tasks: u64,
    entries: u64,
    bytes: Option<u64>,
    partitions: Vec<String>,
    drop_failures: Vec<String>,
    complete: bool,
    /// `None` without an estimate.
    stuck: Option<Kept>,
    unfinished: Option<Kept>,
    dry_run: bool,
    kept_partitions: Vec<Outlook>,
    #[serde(skip)]
    age: Duration,
    #[serde(skip)]
    advice: Advice,
}

/// Open tasks that are kept.
#[derive(Serialize)]
struct Kept {
    tasks: u64,
    entries: u64,
}

/// Options that would remove open tasks as well.
#[derive(Default)]
pub(super) struct Advice {
    pub(super) include_stuck: bool,
    pub(super) include_unfinished: bool,
}

impl From<ExpiredCounts> for Kept {
    fn from(counts: ExpiredCounts) -> Self {
        let ExpiredCounts { tasks, entries, .. } = counts;
        Self { tasks, entries }
    }
}

impl Answer {
    /// The answer for a rule with this age. `removed` is `None` in a dry run.
    pub(super) fn new(
        age: Duration,
        estimate: Option<CleanupEstimate>,
        removed: Option<CleanupReport>,
        kept_partitions: Vec<Outlook>,
    ) -> Self {
        let dry_run = removed.is_none();
        let removed = removed.unwrap_or_default();
        let gone = ExpiredCounts::new(removed.tasks, removed.entries);
        let ExpiredCounts { tasks, entries, .. } = match &estimate {
            Some(estimate) if dry_run => estimate.expired,
            _ => gone,
        };
        Self {
            tasks,
            entries,
            bytes: estimate.and_then(|estimate| {
                let all = estimate.expired.entries;
                estimate.bytes.map(|bytes| share(bytes, entries, all))
            }),
            partitions: removed.partitions,
            drop_failures: removed.drop_failures,
            complete: dry_run || removed.complete,
            stuck: estimate.map(|estimate| estimate.stuck.into()),
            unfinished: estimate.map(|estimate| estimate.unfinished.into()),
            dry_run,
            kept_partitions,
            age,
            advice: Advice::default(),
        }
    }

    pub(super) fn advising(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    pub(super) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let tasks = tasks_with_entries(self.tasks, self.entries);
        let verb = if self.dry_run {
            "would remove"
        } else {
            "removed"
        };
        let bytes = match self.bytes {
            Some(bytes) if bytes > 0 => format!(", about {}", HumanBytes(bytes)),
            _ => String::new(),
        };
        output.line(format_args!("{verb} {tasks}{bytes}"))?;
        for partition in &self.partitions {
            output.line(format_args!("dropped {partition}"))?;
        }
        for failure in &self.drop_failures {
            output.line(format_args!("removed row by row: {}", printable(failure)))?;
        }
        if !self.complete {
            output.line(
                "the time budget is used up and tasks remain: run the command again to continue",
            )?;
        }
        for partition in &self.kept_partitions {
            output.line(format_args!("{partition}"))?;
        }
        let (Some(stuck), Some(unfinished)) = (&self.stuck, &self.unfinished) else {
            return output.line(
                "no estimate with --time-budget: use --dry-run to see the size and the open tasks",
            );
        };
        let age = period(self.age);
        if stuck.tasks > 0 {
            let tasks = tasks_with_entries(stuck.tasks, stuck.entries);
            let hint = if self.advice.include_stuck {
                " (--include-stuck also removes them)"
            } else {
                ""
            };
            output.line(format_args!(
                "kept as stuck: {tasks}, pending or running without activity for {age} or more{hint}"
            ))?;
        }
        if unfinished.tasks > 0 {
            let tasks = tasks_with_entries(unfinished.tasks, unfinished.entries);
            let hint = if self.advice.include_unfinished {
                " (--include-unfinished also removes them)"
            } else {
                ""
            };
            output.line(format_args!(
                "kept as unfinished: {tasks}, never finished and without activity for {age} or more{hint}"
            ))?;
        }
        Ok(())
    }
}

/// An age in days, or in smaller units if it is not a whole number of days.
pub(super) fn period(age: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    if age.subsec_nanos() == 0 && age.as_secs().is_multiple_of(DAY) {
        counted(age.as_secs() / DAY, "day", "days")
    } else {
        humantime::format_duration(age).to_string()
    }
}

/// The share of `bytes` that belongs to `entries` out of `all` entries.
fn share(bytes: u64, entries: u64, all: u64) -> u64 {
    if entries >= all {
        return bytes;
    }
    let share = u128::from(bytes) * u128::from(entries) / u128::from(all);
    u64::try_from(share).unwrap_or(bytes)
}

fn tasks_with_entries(tasks: u64, entries: u64) -> String {
    let (tasks, entries) = (
        counted(tasks, "task", "tasks"),
        counted(entries, "entry", "entries"),
    );
    format!("{tasks} with {entries}")
}
