//! Who executes which task.
//!
//! Agents [claim](DispatchRepository::claim) tasks that they can do, or an orchestrator
//! [assigns](DispatchRepository::assign) them. Both follow the same rules.

mod assignment;
mod claim;
mod end_of_attempt;
mod execution;
mod load;
mod reap;
mod report;
mod repository;
mod usage;

pub use self::assignment::{AssignOutcome, StartOutcome, Unavailable};
pub use self::claim::{Claim, ClaimLimit, ClaimOutcome, ClaimedTask, EmptyClaim};
pub use self::end_of_attempt::{AfterAttempt, after_attempt};
pub use self::execution::{Execution, ExecutionCursor, ExecutionFilter};
pub use self::load::{QueueLoad, ReadyTasks};
pub use self::reap::{ReapLimit, ReapedAttempt};
pub use self::report::{AttemptResult, Report, ReportOutcome, ReportedError};
#[cfg(feature = "mock")]
pub use self::repository::MockDispatchRepository;
pub use self::repository::{DispatchRepository, operation};
pub use self::usage::{CpuTime, MemoryUsage, Usage};
