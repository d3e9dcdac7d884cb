//! How tasks were finished, told by lines of their own.

use tasktrail::repository::RepositoryError;
use tasktrail::task_history::{Finish, FinishOutcome, TaskHistoryRepository, TaskKey};

use super::chunk::FinishLine;

/// What came of a list of finishes.
#[derive(Default)]
pub(super) struct Finished<'l> {
    pub(super) new: Vec<&'l TaskKey>,
    pub(super) repeated: Vec<&'l TaskKey>,
    /// Those that came too late, and the finishes that stand.
    pub(super) contrary: Vec<(u64, Finish)>,
    pub(super) failure: Option<(RepositoryError, &'l [FinishLine])>,
}

/// Finishes the tasks of the lines before a line, all of them or none.
pub(super) async fn finish<'l>(
    histories: &dyn TaskHistoryRepository,
    lines: &'l [FinishLine],
    before: u64,
) -> Finished<'l> {
    let mut finished = Finished::default();
    let until = lines.partition_point(|(line, ..)| *line < before);
    let lines = lines.get(..until).unwrap_or(lines);
    if lines.is_empty() {
        return finished;
    }
    let batch: Vec<_> = lines
        .iter()
        .map(|(_, task, finish)| (task.clone(), *finish))
        .collect();
    let outcomes = match histories.finish_batch(&batch).await {
        Ok(outcomes) => outcomes,
        Err(error) => {
            finished.failure = Some((error, lines));
            return finished;
        }
    };
    for ((line, task, finish), outcome) in lines.iter().zip(outcomes) {
        match outcome {
            FinishOutcome::Finished { .. } => finished.new.push(task),
            FinishOutcome::AlreadyFinished { status, at } if (Finish { status, at }) == *finish => {
                finished.repeated.push(task);
            }
            FinishOutcome::AlreadyFinished { status, at } => {
                finished.contrary.push((*line, Finish { status, at }));
            }
        }
    }
    finished
}
