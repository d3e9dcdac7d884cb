//! Agents, the tasks that they execute, and the log of what was changed.
//!
//! A service that runs tasks on agents keeps their state here: which agents exist and are alive,
//! which tasks exist and depend on each other, who executes which task, and who changed what.
//! Nothing here runs a task.
//!
//! - [`agent`]: agents register, send heartbeats, and are drained and retired.
//! - [`task`]: tasks are created as a [plan](task::TaskPlan), with dependencies among them.
//! - [`dispatch`]: agents claim ready tasks, or an orchestrator assigns them. Each attempt of an
//!   agent at a task is an [execution](dispatch::Execution).
//! - [`audit`]: each change has its entries in the audit log.
//!
//! Agents and tasks belong to a [`UserId`](crate::UserId), the *owner*. Agents and tasks of another
//! owner do not exist for a call. A service with one pool of agents uses one owner. A task has the
//! same [`TaskKey`](crate::TaskKey) in the [task history](crate::task_history), where its steps are
//! recorded.
//!
//! # Writes
//!
//! Each write takes a [`WriteContext`](crate::write::WriteContext). Repeating a write with the same
//! id changes nothing and returns the first result, so you can retry it after any failure. Using
//! its id for another method, or for another agent or task, is refused as a `Conflict`, with
//! [`WriteConflict`] as the source. A write that changed nothing leaves no trace: the same id is
//! then a new write. Only [`reap`](dispatch::DispatchRepository::reap) cannot be repeated: it needs
//! a new id for each call.
//!
//! Times are those of the [context](crate::write::WriteContext::at), by the clock of the caller. A
//! wrong clock makes a task wait, or run again, but never gives it two results.

pub mod agent;
pub mod audit;
pub mod dispatch;
mod key;
mod payload;
mod state;
pub mod task;
mod version;
mod write_conflict;

pub use key::{AgentId, AgentKey, Attempt, AttemptKey, Instance};
pub use payload::Payload;
pub use state::{AgentState, ExecutionState, TaskState, TaskStateSet};
pub use version::Version;
pub use write_conflict::WriteConflict;
