//! Scripted attempts.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};
use tasktrail_resilience::Policy;
use tokio::time::Instant;

/// An idempotent operation.
pub(crate) const SAVE: Operation = Operation::idempotent("test.save");
/// An operation that is not idempotent.
pub(crate) const FINISH: Operation = Operation::once("test.finish");

/// The result of one attempt, after a delay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    takes: Duration,
    failure: Option<(ErrorKind, Effect)>,
}

/// Succeeds immediately.
pub(crate) const OK: Step = Step {
    takes: Duration::ZERO,
    failure: None,
};

/// Fails immediately, not applied.
pub(crate) const fn fails(kind: ErrorKind) -> Step {
    Step {
        takes: Duration::ZERO,
        failure: Some((kind, Effect::NotApplied)),
    }
}

impl Step {
    /// The same, after a delay in milliseconds.
    pub(crate) const fn after(self, millis: u64) -> Self {
        Self {
            takes: Duration::from_millis(millis),
            ..self
        }
    }

    /// The same, with an unknown effect.
    pub(crate) fn perhaps_applied(self) -> Self {
        Self {
            failure: self.failure.map(|(kind, _)| (kind, Effect::Unknown)),
            ..self
        }
    }
}

/// The attempts of one operation, with their results and start times.
#[derive(Debug)]
pub(crate) struct Script {
    operation: Operation,
    steps: Mutex<VecDeque<Step>>,
    last: Step,
    started: Mutex<Vec<Instant>>,
}

impl Script {
    /// Plays `steps` in order, and repeats the last one.
    pub(crate) fn new(operation: Operation, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: VecDeque<Step> = steps.into_iter().collect();
        Self {
            operation,
            last: *steps.back().expect("a script has a step"),
            steps: Mutex::new(steps),
            started: Mutex::default(),
        }
    }

    /// Runs the operation through a policy, and returns the number of the successful attempt.
    pub(crate) async fn run(&self, policy: &impl Policy) -> Result<usize> {
        policy.run(self.operation, || self.attempt()).await
    }

    /// When the last attempt started.
    pub(crate) fn last_started(&self) -> Instant {
        *self
            .started
            .lock()
            .unwrap()
            .last()
            .expect("an attempt started")
    }

    /// The time from the start of each attempt to the start of the next.
    pub(crate) fn intervals(&self) -> Vec<Duration> {
        let started = self.started.lock().unwrap();
        let pairs = started.iter().zip(started.iter().skip(1));
        pairs.map(|(one, next)| next.duration_since(*one)).collect()
    }

    /// The number of attempts started.
    pub(crate) fn attempts(&self) -> usize {
        self.started.lock().unwrap().len()
    }

    async fn attempt(&self) -> Result<usize> {
        let number = {
            let mut started = self.started.lock().unwrap();
            started.push(Instant::now());
            started.len()
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
