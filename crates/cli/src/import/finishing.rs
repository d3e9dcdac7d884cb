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
        let [first, second, third, fourth] = portion
            .finishes
            .each_ref()
            .map(|lines| finish(&*self.histories, lines, before));
        let (first, second, third, fourth) = tokio::join!(first, second, third, fourth);
        let (mut contrary, mut unsaved, mut failure) = (Vec::new(), Vec::new(), None);
        for finished in [first, second, third, fourth] {
            self.report.saved += count(finished.new.len());
            self.report.already_there += count(finished.repeated.len());
            self.count_tasks(finished.new.into_iter().chain(finished.repeated));
            contrary.extend(finished.contrary);
            if let Some((error, rest)) = finished.failure {
                unsaved.extend(rest.iter().map(|(line, ..)| *line));
                failure = failure.or(Some(error));
            }
        }
        contrary.sort_unstable_by_key(|(line, _)| *line);
        for (line, stands) in contrary {
            self.refuse(BadLine::finished_before(name, line, stands), watch)?;
        }
        failure.map_or(Ok(()), |error| Err(not_saved(name, unsaved, error)))
    }
}

async fn finish<'l>(
    histories: &dyn TaskHistoryRepository,
    mut lines: &'l [FinishLine],
    before: u64,
) -> Finished<'l> {
    let mut finished = Finished::default();
    while let Some(((line, task, finish), others)) = lines.split_first() {
        if *line >= before {
            break;
        }
        match histories.finish(task, finish.status, finish.at).await {
            Ok(FinishOutcome::Finished { .. }) => finished.new.push(task),
            Ok(FinishOutcome::AlreadyFinished { status, at }) => {
                let stands = Finish { status, at };
                if stands == *finish {
                    finished.repeated.push(task);
                } else {
                    finished.contrary.push((*line, stands));
                }
            }
            Err(error) => {
                finished.failure = Some((error, lines));
                break;
            }
        }
        lines = others;
    }
    finished
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
