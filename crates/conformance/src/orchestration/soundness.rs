//! Checks that everything of an owner fits together, for example after a race.

mod content;
mod dependencies;
mod executions;
mod trails;

use tasktrail_domain::UserId;

pub use self::content::{Content, TaskRecord};
use crate::orchestration::Orchestration;

/// Panics unless everything of an owner fits together. Call it while no other call runs.
///
/// - A task is blocked exactly if a dependency of it is open, unless it has ended, and skipped
///   exactly if a prerequisite that had to succeed ended otherwise.
/// - A task has at most one open execution, and its state is that of its attempts.
/// - An agent has as many open executions as it counts.
/// - A task that has ended, and no other, is finished in the task history, with its status.
/// - The entries of the audit log lead to the state of each task, one allowed step at a time.
/// - The list, the counts and the load show the same tasks.
///
/// Do not finish tasks of the owner in the task history alone.
pub async fn assert_sound(orchestration: &Orchestration, owner: &UserId) {
    let content = Content::read(orchestration, owner).await;
    content.assert_same_everywhere();
    dependencies::assert_sound(&content);
    executions::assert_sound(&content);
    trails::assert_sound(&content);
}
