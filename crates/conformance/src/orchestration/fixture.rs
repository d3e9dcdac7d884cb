//! Owners, agents, tasks and writes with readable defaults. They are the same in every run.
//!
//! Where no owner is named, it is `alice`.

mod agents;
mod attempts;
mod json;
mod tasks;
mod writes;

pub use self::agents::{
    EditRegistration, agent, agent_id, agent_of, description, instance, registration,
    registration_of,
};
pub use self::attempts::{
    attempt, attempt_at, claim_by, completed, failed, held, released, waiting,
};
pub use self::json::{document, payload};
pub use self::tasks::{EditTask, new_task, plan, plan_of, task_id, task_ids};
pub use self::writes::{Writes, actor, assert_write_conflict};
