//! How tasks were finished, told by lines of their own.

use tasktrail::repository::RepositoryError;
use tasktrail::task_history::{Finish, FinishOutcome, TaskHistoryRepository, TaskKey};

use super::portion::{FinishLine, Portion};
use super::{BadLine, ImportError, ImportWatch, Importer, not_saved};

/// What came of a list of finishes.
#[derive(Default)]
struct Finished<'l> {
    new: Vec<&'l TaskKey>,
    repeated: Vec<&'l TaskKey>,
    /// Those that came too late, and the finishes that stand.
    contrary: Vec<(u64, Finish)>,
    failure: Option<(RepositoryError, &'l [FinishLine])>,
}

impl Importer {
    /// Finishes tasks as the lines of a portion before a line say, when their entries have been saved.
    pub(super) async fn finish(
        &mut self,
        portion: &Portion,
        before: u64,
        name: &str,
        watch: &mut dyn ImportWatch,
    ) -> Result<(), ImportError> {
        let [even, odd] = portion
            .finishes
            .each_ref()
            .map(|lines| finish(&*self.histories, lines, before));
        let (even, odd) = tokio::join!(even, odd);
        let (mut contrary, mut unsaved, mut failure) = (Vec::new(), Vec::new(), None);
        for finished in [even, odd] {
            self.report.saved += count(finished.new.len());
            self.report.already_there += count(finished.repeated.len());
            self.count_tasks(finished.new.into_iter().chain(finished.repeated));
            contrary.extend(finished.contrary);
            if let Some((error, rest)) = finished.failure {
                unsaved.extend(rest.iter().map(|(line, ..)| *line));
                failure = failure.or(Some(error));
            }
        }
        // First, because at a bad line it would look as if all finishes before it had been saved.
        if let Some(error) = failure {
            return Err(not_saved(name, unsaved, error));
        }
        contrary.sort_unstable_by_key(|(line, _)| *line);
        for (line, stands) in contrary {
            self.refuse(BadLine::finished_before(name, line, stands), watch)?;
        }
        Ok(())
    }
}

/// Finishes the tasks of the lines before a line, all of them or none.
async fn finish<'l>(
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

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
