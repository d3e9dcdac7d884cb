//! Attempts that do what a script says.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};
use tasktrail_resilience::Policy;
use tokio::time::Instant;

/// An operation that may be repeated blindly.
pub(crate) const SAVE: Operation = Operation::idempotent("test.save");
/// An operation that may not.
pub(crate) const FINISH: Operation = Operation::once("test.finish");

/// What one attempt does: it takes a while, and then succeeds or fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    takes: Duration,
    failure: Option<(ErrorKind, Effect)>,
}

/// Succeeds at once.
pub(crate) const OK: Step = Step {
    takes: Duration::ZERO,
    failure: None,
};

/// Fails at once, certainly not applied.
pub(crate) const fn fails(kind: ErrorKind) -> Step {
    Step {
        takes: Duration::ZERO,
        failure: Some((kind, Effect::NotApplied)),
    }
}

impl Step {
    /// The same, after so many milliseconds.
    pub(crate) const fn after(self, millis: u64) -> Self {
        Self {
            takes: Duration::from_millis(millis),
            ..self
        }
    }

    /// The same, but nobody can tell whether it was applied.
    pub(crate) fn perhaps_applied(self) -> Self {
        Self {
            failure: self.failure.map(|(kind, _)| (kind, Effect::Unknown)),
            ..self
        }
    }
}

/// The attempts of one operation: what each does, and when they began.
#[derive(Debug)]
pub(crate) struct Script {
    operation: Operation,
    steps: Mutex<VecDeque<Step>>,
    last: Step,
    begun: Mutex<Vec<Instant>>,
}

impl Script {
    /// Plays `steps` in order, the last one again and again.
    pub(crate) fn new(operation: Operation, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: VecDeque<Step> = steps.into_iter().collect();
        Self {
            operation,
            last: *steps.back().expect("a script has a step"),
            steps: Mutex::new(steps),
            begun: Mutex::default(),
        }
    }

    /// Runs the operation through a policy; an answer is the number of the attempt.
    pub(crate) async fn run(&self, policy: &impl Policy) -> Result<usize> {
        policy.run(self.operation, || self.attempt()).await
    }

    /// When the last attempt began.
    pub(crate) fn last_began(&self) -> Instant {
        *self.begun.lock().unwrap().last().expect("an attempt began")
    }

    /// How long after the beginning of each attempt the next one began.
    pub(crate) fn intervals(&self) -> Vec<Duration> {
        let begun = self.begun.lock().unwrap();
        let pairs = begun.iter().zip(begun.iter().skip(1));
        pairs.map(|(one, next)| next.duration_since(*one)).collect()
    }

    /// How many attempts began.
    pub(crate) fn attempts(&self) -> usize {
        self.begun.lock().unwrap().len()
    }

    async fn attempt(&self) -> Result<usize> {
        let number = {
            let mut begun = self.begun.lock().unwrap();
            begun.push(Instant::now());
            begun.len()
        };
        let step = self.steps.lock().unwrap().pop_front().unwrap_or(self.last);
        if !step.takes.is_zero() {
            tokio::time::sleep(step.takes).await;
        }
        match step.failure {
            None => Ok(number),
            Some((kind, effect)) => {
                let error = RepositoryError::new(self.operation, kind, effect);
                Err(error.with_source(format!("cause of attempt {number}")))
            }
        }
    }
}
