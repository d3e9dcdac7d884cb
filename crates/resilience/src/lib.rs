//! Policies around any of Tasktrail's ports: what every call to a store needs, written once.
//!
//! A [`Policy`] runs an operation without knowing what it does: it gets the operation's name and a
//! closure that attempts it. [`Guarded`] wraps a repository so that every method goes through a
//! policy. So each policy and each port is written once, and they combine freely.
//!
//! | policy | what it does |
//! | --- | --- |
//! | [`Observe`] | a span, metrics and one log line per call, see [`telemetry`] |
//! | [`Retry`] | repeats what failed in passing, where a repetition is safe |
//! | [`CircuitBreaker`] | fails at once while the store is down, and probes it |
//! | [`Timeout`] | bounds one attempt |
//!
//! [`StandardPolicy`] has all four in the right order, and says why it is the right one:
//!
//! ```
//! use tasktrail_domain::task_history::{TaskHistoryRepository, TaskKey};
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
//! Policies use tokio's timers: they run on a tokio runtime with its time driver enabled. They share
//! what they know (the breaker its state) with their clones, so that several repositories over one
//! store can be guarded by clones of one policy.

mod circuit_breaker;
mod config;
mod guarded;
mod observe;
mod policy;
mod retry;
mod stack;
mod standard;
pub mod telemetry;
mod timeout;

pub use circuit_breaker::{BreakerConfig, BreakerOpen, BreakerState, CircuitBreaker};
pub use config::ResilienceConfig;
pub use guarded::Guarded;
pub use observe::Observe;
pub use policy::Policy;
pub use retry::{Attempts, Retry, RetryConfig};
pub use stack::Stack;
pub use standard::StandardPolicy;
pub use timeout::{AttemptTimedOut, Timeout, TimeoutConfig};
