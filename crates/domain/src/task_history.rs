//! The history of tasks, step by step, and the port to store it.
//!
//! A *task* belongs to one user ([`TaskKey`](crate::TaskKey)) and has numbered *steps*. Each save adds an *entry*
//! ([`HistoryEntry`]) with a [`TaskStepResult`]. Saving a step again adds a *revision*. The newest
//! revision is the current state of the step. All entries of a task, in the order in which the
//! store accepted them, are its *trail*. Each task has a [`TaskSummary`], so that status checks and
//! lists do not read the entries.
//!
//! Save every step but the last with the status `running` and
//! [`completed`](TaskStepResultBuilder::completed), save the last one with the status that the task
//! ends with, and then [finish](TaskHistoryRepository::finish) the task. The status of the task is
//! then correct at any time, even if its worker dies between two steps. A task is *open* until it is
//! finished, whatever the status of its last step.
//!
//! [`TaskHistoryRepository`] is the port. Its documentation is the contract.

mod count;
mod entry;
mod entry_id;
mod error_code;
mod extension;
mod finish;
mod list;
mod repository;
mod result_limit;
mod retention;
mod save;
mod status;
mod step;
mod step_result;
mod summary;

pub use count::{Counts, Scope};
pub use entry::{HistoryEntry, TrailCursor};
pub use entry_id::EntryId;
pub use error_code::ErrorCode;
pub use extension::TaskHistoryRepositoryExt;
pub use finish::{CancelOutcome, FinalStatus, Finish, FinishOutcome};
pub use list::{ListAllCursor, ListCursor, TaskFilter};
#[cfg(feature = "mock")]
pub use repository::MockTaskHistoryRepository;
pub use repository::{TaskHistoryRepository, operation};
pub use result_limit::ResultLimit;
pub use retention::{
    ExpiredCounts, RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy, RetentionRule,
};
pub use save::{EntryConflict, SavedBatch, distinct_entries};
pub use status::{StatusSet, TaskStatus};
pub use step::{StepName, StepNumber};
pub use step_result::{TaskStepResult, TaskStepResultBuilder, UncheckedStepResult};
pub use summary::TaskSummary;
