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

/// The ports of orchestration, each behind all policies.
mod orchestration {
    use tasktrail_conformance::Orchestration;
    use tasktrail_domain::orchestration::agent::AgentRepository;
    use tasktrail_domain::orchestration::audit::AuditLogRepository;
    use tasktrail_domain::orchestration::dispatch::DispatchRepository;
    use tasktrail_domain::orchestration::task::TaskRepository;
    use tasktrail_in_memory::{InMemoryOrchestration, InMemoryStore};

    use super::{Arc, Guarded, ResilienceConfig, StandardPolicy};

    async fn fresh() -> (Orchestration, ()) {
        let store = InMemoryStore::new();
        let ports = Arc::new(store.orchestration());
        let policy = || StandardPolicy::new(&ResilienceConfig::default());
        let agents: Arc<dyn AgentRepository> = Arc::<InMemoryOrchestration>::clone(&ports);
        let tasks: Arc<dyn TaskRepository> = Arc::<InMemoryOrchestration>::clone(&ports);
        let dispatch: Arc<dyn DispatchRepository> = Arc::<InMemoryOrchestration>::clone(&ports);
        let audit_log: Arc<dyn AuditLogRepository> = ports;
        let guarded = Orchestration {
            agents: Arc::new(Guarded::new(agents, policy())),
            tasks: Arc::new(Guarded::new(tasks, policy())),
            dispatch: Arc::new(Guarded::new(dispatch, policy())),
            audit_log: Arc::new(Guarded::new(audit_log, policy())),
            history: Arc::new(store.task_history()),
        };
        (guarded, ())
    }

    mod agents {
        tasktrail_conformance::agents_suite!(super::fresh);
    }

    mod tasks {
        tasktrail_conformance::tasks_suite!(super::fresh);
    }

    mod dispatch {
        tasktrail_conformance::dispatch_suite!(super::fresh);
    }

    mod audit_log {
        tasktrail_conformance::audit_log_suite!(super::fresh);
    }
}
