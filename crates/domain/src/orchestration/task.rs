//! Tasks, what they need, and what they depend on.

mod change;
mod cursor;
mod cycle;
mod definition;
mod dependency;
mod graph;
mod limits;
mod list;
mod new_task;
mod plan;
mod plan_outcome;
mod progress;
mod repository;
mod retention;
mod settlement;

pub use self::change::{
    CancelOutcome, CancelScope, DependencyChange, ResumeOutcome, TaskChange, TaskChanges,
};
pub use self::cursor::TaskCursor;
pub use self::cycle::{Prerequisites, find_cycle};
pub use self::definition::{TaskDefinition, claim_order};
pub use self::dependency::{Dependency, When};
pub use self::graph::{TaskCounts, TaskEdge, TaskGraph};
pub use self::limits::{Description, MaxAttempts, Priority, Tag, Tags, TimeLimit, Title};
pub use self::list::{TaskFilter, TaskOverview};
pub use self::new_task::NewTask;
pub use self::plan::TaskPlan;
pub use self::plan_outcome::{PlanConflict, PlanOutcome, PlannedTask};
pub use self::progress::{Task, TaskProgress};
#[cfg(feature = "mock")]
pub use self::repository::MockTaskRepository;
pub use self::repository::{TaskRepository, operation};
pub use self::retention::{RemovedTasks, TaskRetention, TaskRetentionRule};
pub use self::settlement::{Dependant, Dependants, Settled, settle, state_at_creation};
