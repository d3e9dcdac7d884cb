use tasktrail_domain::repository::{Effect, RepositoryError, Result};
use tasktrail_domain::task_history::{TaskStatus, operation};
use tasktrail_postgres_client::batching::Sending;
use tasktrail_postgres_client::error::{SharedError, StoreError};
use tokio::time::Instant;

/// The results of the entries of a group, by index.
pub(super) struct Answers {
    began: Instant,
    all: Vec<Answer>,
}

#[derive(Default)]
struct Answer {
    given: Option<Result<TaskStatus>>,
    /// Whether there is no result because the task is locked.
    blocked: bool,
    /// Whether an attempt may have saved the entry, even though a later one failed without effect.
    maybe_saved: bool,
}

impl Answers {
    pub(super) fn of(number: usize) -> Self {
        Self {
            began: Instant::now(),
            all: (0..number).map(|_| Answer::default()).collect(),
        }
    }

    /// Whether an entry needs no further statement.
    pub(super) fn has(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(Answer::is_settled)
    }

    /// The status of an entry that was saved.
    pub(super) fn status(&self, index: usize) -> Option<TaskStatus> {
        let answer = self.all.get(index)?.given.as_ref()?;
        answer.as_ref().ok().copied()
    }

    /// The number of settled entries.
    pub(super) fn number(&self) -> usize {
        let settled = self.all.iter().filter(|answer| answer.is_settled());
        settled.count()
    }

    pub(super) fn set(&mut self, index: usize, answer: Result<TaskStatus>) {
        if let Some(place) = self.all.get_mut(index) {
            place.given = Some(answer);
        }
    }

    /// Records the effect of an error for entries that remain without a result.
    pub(super) fn record_effect(&mut self, indices: &[usize], error: &StoreError) {
        let (_kind, effect) = error.verdict();
        for &index in indices {
            if let Some(place) = self.all.get_mut(index) {
                place.maybe_saved |= effect == Effect::Unknown;
            }
        }
    }

    /// Sets the same error for all of `indices`.
    pub(super) fn fail(&mut self, indices: &[usize], error: StoreError) {
        let shared = SharedError::of(error);
        for &index in indices {
            if let Some(place) = self.all.get_mut(index) {
                place.given = Some(Err(shared.during(operation::SAVE, place.maybe_saved)));
            }
        }
    }

    /// Leaves the entry without a result, because its task is locked. An entry that may have been
    /// saved gets an error instead, because a later attempt could not know about that.
    pub(super) fn block(&mut self, index: usize) {
        let waited = self.began.elapsed();
        let Some(place) = self.all.get_mut(index) else {
            return;
        };
        if place.maybe_saved {
            let shared = SharedError::of(StoreError::Locked { waited });
            place.given = Some(Err(shared.during(operation::SAVE, true)));
        } else {
            place.blocked = true;
        }
    }

    pub(super) fn are_complete(&self) -> bool {
        self.all.iter().all(Answer::is_settled)
    }

    /// Returns all results. Entries without one get `missing`.
    pub(super) fn or_else(self, missing: impl Fn() -> RepositoryError) -> Vec<Sending<TaskStatus>> {
        let all = self.all.into_iter();
        all.map(|answer| match answer.given {
            Some(given) => Sending::Answered(given),
            None if answer.blocked => Sending::Blocked,
            None => Sending::Answered(Err(missing())),
        })
        .collect()
    }
}

impl Answer {
    fn is_settled(&self) -> bool {
        self.given.is_some() || self.blocked
    }
}
