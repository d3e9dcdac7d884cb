use tasktrail_domain::repository::{Effect, RepositoryError, Result};
use tasktrail_domain::task_history::{TaskStatus, operation};

use crate::error::{SharedError, StoreError};

/// The answers to the entries of a group, by their place in it.
pub(super) struct Answers(Vec<Answer>);

#[derive(Default)]
struct Answer {
    given: Option<Result<TaskStatus>>,
    /// Whether an attempt may have saved the entry, though a later one failed without an effect.
    maybe_saved: bool,
}

impl Answers {
    pub(super) fn of(number: usize) -> Self {
        Self((0..number).map(|_| Answer::default()).collect())
    }

    pub(super) fn has(&self, index: usize) -> bool {
        self.0
            .get(index)
            .is_some_and(|answer| answer.given.is_some())
    }

    /// The status that an entry was answered with, if it was saved.
    pub(super) fn status(&self, index: usize) -> Option<TaskStatus> {
        let answer = self.0.get(index)?.given.as_ref()?;
        answer.as_ref().ok().copied()
    }

    /// How many there are.
    pub(super) fn number(&self) -> usize {
        let given = self.0.iter().filter(|answer| answer.given.is_some());
        given.count()
    }

    pub(super) fn set(&mut self, index: usize, answer: Result<TaskStatus>) {
        if let Some(place) = self.0.get_mut(index) {
            place.given = Some(answer);
        }
    }

    /// Notes what an error means for those that it does not answer.
    pub(super) fn doubt(&mut self, indices: &[usize], error: &StoreError) {
        let (_kind, effect) = error.verdict();
        for &index in indices {
            if let Some(place) = self.0.get_mut(index) {
                place.maybe_saved |= effect == Effect::Unknown;
            }
        }
    }

    /// Gives all of `indices` the same error.
    pub(super) fn fail(&mut self, indices: &[usize], error: StoreError) {
        let shared = SharedError::of(error);
        for &index in indices {
            if let Some(place) = self.0.get_mut(index) {
                place.given = Some(Err(shared.during(operation::SAVE, place.maybe_saved)));
            }
        }
    }

    pub(super) fn are_complete(&self) -> bool {
        self.0.iter().all(|answer| answer.given.is_some())
    }

    /// All of them, with `missing` for those that are not there.
    pub(super) fn or_else(self, missing: impl Fn() -> RepositoryError) -> Vec<Result<TaskStatus>> {
        let all = self.0.into_iter();
        all.map(|answer| answer.given.unwrap_or_else(|| Err(missing())))
            .collect()
    }
}
