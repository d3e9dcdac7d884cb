//! The states of agents, tasks and executions, and the changes that are allowed.
//!
//! Each table of changes is one function, `may_become`, which all adapters use. A change that it
//! does not list never happens: the call returns an outcome with the current state.

mod agent;
mod execution;
mod task;

pub use self::agent::AgentState;
pub use self::execution::ExecutionState;
pub use self::task::{TaskState, TaskStateSet};
