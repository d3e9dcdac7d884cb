//! Finds cycles that new dependencies would close.

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::task::{self, Dependency, DependencyChange, Prerequisites};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::Prepared;

use super::statements::PrerequisitesOfAll;
use crate::orchestration::task_row::task_id_of;
use crate::orchestration::tasks::locking::LockedTask;

/// How many tasks are read at most to find a cycle.
const MAX_READ: i64 = 100_000;

/// Returns the refusal if the task would depend on itself, or if too many tasks would have to be
/// read to know.
///
/// The graph of the owner is locked, so a dependency that another caller adds is committed already,
/// or waits for this one.
pub(super) async fn find_cycle(
    connection: &mut AsyncPgConnection,
    key: &TaskKey,
    task: &LockedTask,
    added: &[Dependency],
) -> Result<Option<DependencyChange>, StoreError> {
    let starts = || added.iter().map(|edge| &edge.prerequisite);
    // A task that no other one depends on can only be on a cycle with itself.
    let prerequisites = if task.dependants == 0 {
        Some(Prerequisites::new())
    } else {
        read(connection, key, added).await?
    };
    let Some(prerequisites) = prerequisites else {
        return Ok(Some(DependencyChange::TooLarge));
    };
    let cycle = task::find_cycle(&key.task, starts(), &prerequisites);
    Ok(cycle.map(|tasks| DependencyChange::Cycle { tasks }))
}

/// Reads what the prerequisites depend on, directly or not; `None` if those are too many.
async fn read(
    connection: &mut AsyncPgConnection,
    key: &TaskKey,
    added: &[Dependency],
) -> Result<Option<Prerequisites>, StoreError> {
    let statement = Prepared(PrerequisitesOfAll::of(key, added, MAX_READ + 1));
    let rows: Vec<(String, Vec<String>)> = statement.load(connection).await?;
    if i64::try_from(rows.len()).is_ok_and(|read| read > MAX_READ) {
        return Ok(None);
    }
    let id = |id| task_id_of("task_dependency", id);
    let prerequisites = rows.into_iter().map(|(task, prerequisites)| {
        let prerequisites = prerequisites.into_iter().map(id);
        Ok((id(task)?, prerequisites.collect::<Result<_, StoreError>>()?))
    });
    prerequisites.collect::<Result<_, _>>().map(Some)
}
