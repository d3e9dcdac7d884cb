//! Saves the finishes of tasks.

use tasktrail::TaskKey;
use tasktrail::repository::RepositoryError;
use tasktrail::task_history::{Finish, FinishOutcome, TaskHistoryRepository};

use super::chunk::FinishLine;

/// The result of saving a list of finishes.
#[derive(Default)]
pub(super) struct Finished<'l> {
    pub(super) new: Vec<&'l TaskKey>,
    pub(super) repeated: Vec<&'l TaskKey>,
    /// Lines that conflict with the recorded finish, which is the second value.
    pub(super) conflicting: Vec<(u64, Finish)>,
    pub(super) failure: Option<(RepositoryError, &'l [FinishLine])>,
}

/// Saves the finishes in lines before `before`, all of them or none.
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
                finished.conflicting.push((*line, Finish { status, at }));
            }
        }
    }
    finished
}
