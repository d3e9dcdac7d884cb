//! Guard any of Tasktrail's ports with retries, timeouts, a circuit breaker and telemetry.
//!
//! A [`Policy`] runs an operation without knowing what it does: it gets the operation's name and a
//! closure that attempts it. [`Guarded`] wraps a repository and runs every method through a policy.
//! Each policy and each port is written once, and they can be combined freely.
//!
//! | policy | effect |
//! | --- | --- |
//! | [`Observe`] | records a span, metrics and one log line per failed call, see [`telemetry`] |
//! | [`Retry`] | retries transient failures, if a retry is safe |
//! | [`CircuitBreaker`] | fails calls immediately while the store is down, and probes it |
//! | [`Timeout`] | limits the duration of an attempt |
//!
//! [`StandardPolicy`] combines all four and documents their order:
//!
//! ```
//! use tasktrail_domain::TaskKey;
//! use tasktrail_domain::task_history::TaskHistoryRepository;
//! use tasktrail_in_memory::InMemoryTaskHistory;
//! use tasktrail_resilience::{Guarded, ResilienceConfig, StandardPolicy};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let policy = StandardPolicy::new(&ResilienceConfig::default());
//! let history = Guarded::new(InMemoryTaskHistory::new(), policy);
//!
//! let status = history.status(&TaskKey::new("alice", "report")?).await?;
//! assert_eq!(status, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Policies use tokio's timers, so they need a tokio runtime with the time driver enabled. Clones
//! of a policy share its state, such as that of the circuit breaker. To guard several repositories
//! of one store, use clones of one policy.

mod circuit_breaker;
mod config;
mod guarded;
mod observe;
mod policy;
mod retry;
mod standard;
pub mod telemetry;
mod timeout;

pub use circuit_breaker::{BreakerConfig, BreakerOpen, BreakerState, CircuitBreaker};
pub use config::ResilienceConfig;
pub use guarded::Guarded;
pub use observe::{Observe, ObservedCall};
pub use policy::{Policy, Stack};
pub use retry::{Attempts, Retry, RetryConfig};
pub use standard::StandardPolicy;
pub use timeout::{AttemptTimedOut, Timeout, TimeoutConfig};
