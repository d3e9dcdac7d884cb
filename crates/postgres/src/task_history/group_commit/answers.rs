use tasktrail_domain::repository::{RepositoryError, Result};
use tasktrail_domain::task_history::{TaskStatus, operation};

use crate::error::{SharedError, StoreError};

/// The answers to the entries of a group, by their place in it.
pub(super) struct Answers(Vec<Option<Result<TaskStatus>>>);

impl Answers {
    pub(super) fn of(number: usize) -> Self {
        Self((0..number).map(|_| None).collect())
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.0.get(index).is_some_and(Option::is_some)
    }

    /// The status that an entry was answered with, if it was saved.
    pub(super) fn status(&self, index: usize) -> Option<TaskStatus> {
        let answer = self.0.get(index)?.as_ref()?;
        answer.as_ref().ok().copied()
    }

    /// How many there are.
    pub(super) fn number(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub(super) fn set(&mut self, index: usize, answer: Result<TaskStatus>) {
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(answer);
        }
    }

    /// Gives all of `indices` the same error.
    pub(super) fn fail(&mut self, indices: &[usize], error: StoreError) {
        let shared = SharedError::of(error);
        for &index in indices {
            self.set(index, Err(shared.during(operation::SAVE)));
        }
    }

    pub(super) fn are_complete(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    /// All of them, with `missing` for those that are not there.
    pub(super) fn or_else(self, missing: impl Fn() -> RepositoryError) -> Vec<Result<TaskStatus>> {
        let all = self.0.into_iter();
        all.map(|answer| answer.unwrap_or_else(|| Err(missing())))
            .collect()
    }
}
