//! The conformance suite, on the in-memory adapter behind policies.

use std::sync::Arc;

use tasktrail_conformance::Repository;
use tasktrail_in_memory::InMemoryTaskHistory;
use tasktrail_resilience::{Guarded, Policy, ResilienceConfig, StandardPolicy};

/// An empty repository behind `policy`.
fn behind(policy: impl Policy) -> Repository {
    let repository: Repository = Arc::new(InMemoryTaskHistory::new());
    Arc::new(Guarded::new(repository, policy))
}

/// All policies, as services use them.
async fn fresh() -> (Repository, ()) {
    let policy = StandardPolicy::new(&ResilienceConfig::default());
    (behind(policy), ())
}

tasktrail_conformance::task_history_suite!(fresh);

/// Each policy on its own, and none.
macro_rules! single_policy {
    ($($name:ident: $policy:expr;)+) => {
        $(mod $name {
            use super::{Repository, behind};

            async fn fresh() -> (Repository, ()) {
                use tasktrail_resilience::*;
                (behind($policy), ())
            }

            tasktrail_conformance::task_history_suite!(fresh);
        })+
    };
}

single_policy! {
    switched_off: None::<Retry>;
    observe: Observe;
    retry: Retry::new(&RetryConfig::default());
    circuit_breaker: CircuitBreaker::new(&BreakerConfig::default());
    timeout: Timeout::new(std::time::Duration::from_secs(60));
}
