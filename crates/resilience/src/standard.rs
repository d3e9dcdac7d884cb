use tasktrail_domain::repository::{Operation, Result};
use tasktrail_domain::task_history::operation;

use crate::{
    CircuitBreaker, Observe, Policy, ResilienceConfig, Retry, Stack, Timeout, TimeoutConfig,
};

type Layers =
    Stack<Option<Observe>, Stack<Option<Retry>, Stack<Option<CircuitBreaker>, Option<Timeout>>>>;

/// The four policies in the order in which they serve a caller, each unless it is switched off.
///
/// A call meets them in this order, and each stands where it stands for a reason:
///
/// 1. [`Observe`] sees what the caller sees: one call, its whole duration, its final outcome.
/// 2. [`Retry`] repeats all that follows, so that each attempt has a time limit of its own.
/// 3. [`CircuitBreaker`] counts attempts, not calls: it opens within one call's retries if need be,
///    and a retry that starts while it is open costs the store nothing.
/// 4. [`Timeout`] bounds one attempt, so that the breaker sees a silent store as an outage.
///
/// There is no time limit around the retries: they keep to their total time by not starting what
/// they could not finish, rather than by dropping an attempt half-way. With retries and a time limit
/// on, a call ends within [`retry.max_elapsed_time`](crate::RetryConfig::max_elapsed_time), a long operation
/// within that and the time by which its limit is longer.
///
/// Clones share the breaker: one policy serves all repositories of a store.
#[derive(Debug, Clone)]
pub struct StandardPolicy {
    layers: Layers,
    breaker: Option<CircuitBreaker>,
}

impl StandardPolicy {
    /// The policies that `config` switches on, set as it says.
    #[must_use]
    pub fn new(config: &ResilienceConfig) -> Self {
        let observe = config.observe.then_some(Observe);
        let attempt_time = config.attempt_time();
        let retry = config.retry.as_ref().map(Retry::new);
        let retry = retry.map(|retry| retry.with_attempts_of(attempt_time));
        let breaker = config.breaker.as_ref().map(CircuitBreaker::new);
        let timeout = config.timeout.as_ref().map(timeout);
        Self {
            layers: observe.around(retry.around(breaker.clone().around(timeout))),
            breaker,
        }
    }

    /// The circuit breaker, to ask it for its state; `None` if it is switched off.
    #[must_use]
    pub fn breaker(&self) -> Option<&CircuitBreaker> {
        self.breaker.as_ref()
    }
}

impl Policy for StandardPolicy {
    fn run<T, F, Fut>(
        &self,
        operation: Operation,
        attempt: F,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        self.layers.run(operation, attempt)
    }
}

fn timeout(config: &TimeoutConfig) -> Timeout {
    let grow_with_the_history = [
        operation::COUNT,
        operation::EXPIRED,
        operation::REMOVE_EXPIRED,
    ];
    grow_with_the_history
        .into_iter()
        .fold(Timeout::new(config.attempt), |timeout, operation| {
            timeout.except(operation, config.long_attempt)
        })
}
