//! Owners, agents, tasks and writes with readable defaults. They are the same in every run.
//!
//! Where no owner is named, it is `alice`.

mod agents;
mod attempts;
mod changes;
mod commands;
mod entries;
mod json;
mod tasks;
mod writes;

pub use self::agents::{
    EditRegistration, agent, agent_id, agent_of, changes, description, instance, registration,
    registration_of, renaming,
};
pub use self::attempts::{
    attempt, attempt_at, claim_by, completed, failed, held, released, waiting,
};
pub use self::changes::{attempt_ended, became_ready, was_skipped};
pub use self::commands::{
    RELEASE, RETIRE, changed, itemised, lost, to_register, to_set, to_update, whole,
};
pub use self::entries::{note_about, note_of};
pub use self::json::{document, payload};
pub use self::tasks::{EditTask, new_task, plan, plan_of, task_id, task_ids};
pub use self::writes::{Writes, actor, assert_write_conflict};
