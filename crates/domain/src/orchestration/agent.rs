//! Agents: who executes tasks, what they can do, and whether they are alive.

mod change;
mod command;
mod description;
mod heartbeat;
mod list;
mod presence;
mod registration;
mod repository;

pub use self::change::{AgentChange, AgentChanges, Retirement, StateRequest};
pub use self::command::{AgentBatch, AgentCommand, ApplyMode, ApplyOutcome, CommandOutcome};
pub use self::description::{AgentDescription, AgentName, AgentType, Capacity, Lease};
pub use self::heartbeat::{Heartbeat, HeartbeatOutcome, HeldAttempt};
pub use self::list::AgentFilter;
pub use self::presence::{Agent, Presence};
pub use self::registration::{LostAttempt, Registered, Registration};
#[cfg(feature = "mock")]
pub use self::repository::MockAgentRepository;
pub use self::repository::{AgentRepository, operation};
