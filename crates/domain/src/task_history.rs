//! What every task of every user did, step by step.
//!
//! A *task* belongs to one user ([`TaskKey`]) and goes through numbered *steps*. Each save adds an
//! *entry* ([`HistoryEntry`]) with a [`TaskStepResult`]. A step that is saved again gets another
//! entry, its newest *revision*: that is the step's current state, and the older ones stay as its
//! *trail*. One [`TaskSummary`] per task answers status and lists without reading the entries.
//!
//! [`TaskHistoryRepository`] is the port, and its documentation the contract.

mod count;
mod entry;
mod error_code;
mod extension;
mod finish;
mod id;
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
pub use error_code::ErrorCode;
pub use extension::TaskHistoryRepositoryExt;
pub use finish::{CancelOutcome, FinalStatus, Finish, FinishOutcome};
pub use id::{
    EntryId, EntryIdGenerator, RandomEntryIdGenerator, SequentialEntryIds, TaskId, TaskKey, UserId,
};
pub use list::{ListCursor, TaskFilter};
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
