use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::InvalidValue;
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::task_history::{
    ErrorCode, StatusSet, TaskFilter, TaskHistoryRepository, TaskStatus, TaskStepResult,
};
use tasktrail::{TaskId, TaskKey, UserId};

use super::row::Row;
use super::{Workload, reading};
use crate::command::bench::callers::Caller;
use crate::command::bench::entries::{StampGenerator, fetched, load};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

/// One task in this number failed. The others are completed.
const FAILED_EVERY: u32 = 1000;

/// The page to read.
#[derive(Debug, Clone, Copy)]
pub(in crate::command::bench) struct Page {
    /// Number of tasks of the user.
    pub(in crate::command::bench) tasks: u32,
    /// Whether only failed tasks are listed.
    pub(in crate::command::bench) failed: bool,
}

/// Loads a user with this number of tasks of one step, for each of the sizes.
pub(in crate::command::bench) async fn prepare(
    environment: &BenchEnvironment,
    sizes: &[u32],
    progress: &Progress,
) -> Result<(), Failure> {
    environment.clear().await?;
    let total = sizes.iter().copied().map(u64::from).sum();
    progress.start_loading("tasks for list", total);
    let mut stamps = StampGenerator::default();
    let newest = stamps.time(Instant::now());
    let completed = fetched()?;
    let failed = TaskStepResult::builder("fetch", TaskStatus::Failed)
        .error(ErrorCode::EXECUTION, "the source did not answer")
        .build()?;
    let tasks = sizes
        .iter()
        .flat_map(|size| (0..*size).map(move |number| (*size, number)));
    let entries = tasks.map(|(size, number)| {
        let task = TaskKey {
            user: user(size)?,
            task: TaskId::new(format!("task-{number}"))?,
        };
        let result = if number % FAILED_EVERY == 0 {
            &failed
        } else {
            &completed
        };
        let age = Duration::from_millis(u64::from(size - number));
        Ok(stamps.entry(task, 0, result.clone(), newest.saturating_sub(age)))
    });
    load(&environment.manager.task_history()?, entries, progress).await
}

fn user(tasks: u32) -> Result<UserId, InvalidValue> {
    UserId::new(format!("user-with-{tasks}"))
}

/// Measures the pages in turn.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    pages: &[Page],
    callers: u32,
    time: Duration,
) -> Result<Vec<Row>, Failure> {
    let mut kinds = Vec::with_capacity(pages.len());
    for page in pages {
        let user = user(page.tasks)?;
        kinds.push(move |histories| ListCaller {
            histories,
            user: user.clone(),
            filter: page.filter(),
            expected: page.items(),
        });
    }
    let measured = reading::measure(environment, callers, time, &kinds).await?;
    let row = |(page, measured): (&Page, _)| Row {
        tasks: Some(page.tasks),
        filter: page.failed.then_some(TaskStatus::Failed),
        ..Row::of_reading(Workload::List, callers, measured)
    };
    Ok(pages.iter().zip(&measured).map(row).collect())
}

impl Page {
    fn filter(self) -> TaskFilter {
        TaskFilter::default().with_statuses(if self.failed {
            TaskStatus::Failed.into()
        } else {
            StatusSet::ALL
        })
    }

    /// Number of tasks on the first page.
    fn items(self) -> usize {
        let listed = if self.failed {
            self.tasks.div_ceil(FAILED_EVERY)
        } else {
            self.tasks
        };
        usize::try_from(listed).map_or(PageSize::DEFAULT.get(), |listed| {
            listed.min(PageSize::DEFAULT.get())
        })
    }
}

/// A caller that reads the same page repeatedly.
struct ListCaller {
    histories: Arc<dyn TaskHistoryRepository>,
    user: UserId,
    filter: TaskFilter,
    expected: usize,
}

impl Caller for ListCaller {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        let page = PageRequest::first(PageSize::DEFAULT);
        let listed = self.histories.list(&self.user, &self.filter, &page).await?;
        reading::check(listed.items.len() == self.expected, "a page")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_has_100_tasks_or_fewer() {
        let items = |tasks, failed| Page { tasks, failed }.items();

        assert_eq!(
            [50, 100, 10_000].map(|tasks| items(tasks, false)),
            [50, 100, 100]
        );
        assert_eq!(
            [100, 10_000, 1_000_000].map(|tasks| items(tasks, true)),
            [1, 10, 100]
        );
    }
}
