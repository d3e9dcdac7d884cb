use tasktrail_domain::repository::{Operation, Result};
use tasktrail_domain::task_history::operation;

use crate::{
    CircuitBreaker, Observe, Policy, ResilienceConfig, Retry, Stack, Timeout, TimeoutConfig,
};

type Layers = Stack<Option<Observe>, Unobserved>;
type Unobserved = Stack<Option<Retry>, Stack<Option<CircuitBreaker>, Option<Timeout>>>;

/// Combines the four policies in their recommended order. Each can be disabled.
///
/// From the outermost to the innermost:
///
/// 1. [`Observe`] sees what the caller sees: one call, with its total duration and final outcome.
/// 2. [`Retry`] repeats everything below, so that each attempt has its own timeout.
/// 3. [`CircuitBreaker`] counts attempts, not calls. It can open during the retries of one call,
///    and a retry costs the store nothing while the breaker is open.
/// 4. [`Timeout`] limits one attempt, so that the breaker counts an unresponsive store as an
///    outage.
///
/// There is no timeout around the retries. Instead, no retry starts unless it can finish within the
/// time budget, so that no attempt is dropped in the middle. With retries and timeouts enabled, a
/// call finishes within [`retry.max_elapsed_time`](crate::RetryConfig::max_elapsed_time). A long
/// operation may exceed it by the difference between the long and the normal attempt timeout.
///
/// Clones share the circuit breaker: use one policy for all repositories of a store.
#[derive(Debug, Clone)]
pub struct StandardPolicy {
    layers: Layers,
    observe: Option<Observe>,
    unobserved: Unobserved,
    breaker: Option<CircuitBreaker>,
}

impl StandardPolicy {
    /// Creates the policies that `config` enables.
    #[must_use]
    pub fn new(config: &ResilienceConfig) -> Self {
        let observe = config.observe.then_some(Observe);
        let attempt_time = config.attempt_time();
        let retry = config.retry.as_ref().map(Retry::new);
        let retry = retry.map(|retry| retry.with_attempts_of(attempt_time));
        let breaker = config.breaker.as_ref().map(CircuitBreaker::new);
        let timeout = config.timeout.as_ref().map(timeout);
        let unobserved = retry.around(breaker.clone().around(timeout));
        Self {
            layers: observe.around(unobserved.clone()),
            observe,
            unobserved,
            breaker,
        }
    }

    /// The observation of calls; `None` if it is disabled.
    #[must_use]
    pub fn observe(&self) -> Option<Observe> {
        self.observe
    }

    /// The other three policies, for a part of a call that is observed as a whole.
    #[must_use]
    pub fn unobserved(&self) -> &impl Policy {
        &self.unobserved
    }

    /// The circuit breaker, for example to read its state; `None` if it is disabled.
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
        operation::LIST_ALL,
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
