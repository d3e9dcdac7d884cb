//! Recognizes plans that were created before.

use diesel::sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid};
use tasktrail_domain::orchestration::audit::Action;
use tasktrail_domain::orchestration::task::{PlanConflict, PlanOutcome, PlannedTask, TaskPlan};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::error::{Refusal, StoreError};
use uuid::Uuid;

use crate::orchestration::task_row::state_of;
use crate::orchestration::write_log;

/// The earlier write with its tasks, or a task that exists: its position in the plan, from 1, its
/// definition and its state.
pub(super) type KnownRow = (
    Option<String>,
    Option<Vec<String>>,
    Option<i64>,
    Option<Uuid>,
    Option<String>,
);

/// The columns of a [`KnownRow`].
pub(super) type KnownColumns = (
    Nullable<Text>,
    Nullable<Array<Text>>,
    Nullable<BigInt>,
    Nullable<SqlUuid>,
    Nullable<Text>,
);

/// Returns the outcome for a plan that was created before; `None` for a new one.
///
/// Fails if only some of its tasks exist, or one was created with another definition or other
/// dependencies, or if the id of the write was used for other tasks.
pub(super) fn known(
    context: &WriteContext,
    plan: &TaskPlan,
    rows: Vec<KnownRow>,
) -> Result<Option<PlanOutcome>, StoreError> {
    let mut existing = Vec::new();
    let mut is_repeated = false;
    for row in rows {
        match row {
            (Some(action), Some(tasks), ..) => {
                is_repeated = true;
                check(context, plan, &action, &tasks)?;
            }
            (_, _, Some(position), Some(definition), Some(state)) => {
                let index = usize::try_from(position - 1).unwrap_or_default();
                existing.push((index, definition, state));
            }
            _ => {}
        }
    }
    existing.sort_unstable();
    if existing.is_empty() && is_repeated {
        // The tasks were removed since.
        return Err(write_log::conflict(context.id));
    }
    created_before(plan, &existing)
}

/// Refuses the write unless the earlier one with its id created the same tasks.
fn check(
    context: &WriteContext,
    plan: &TaskPlan,
    action: &str,
    tasks: &[String],
) -> Result<(), StoreError> {
    let planned = plan.tasks().iter().map(|task| task.task.as_str());
    if action == Action::TASK_CREATED.as_str() && planned.eq(tasks.iter().map(String::as_str)) {
        Ok(())
    } else {
        Err(write_log::conflict(context.id))
    }
}

/// Returns the current states if all tasks exist, each with its planned definition and dependencies.
fn created_before(
    plan: &TaskPlan,
    existing: &[(usize, Uuid, String)],
) -> Result<Option<PlanOutcome>, StoreError> {
    let mut tasks = Vec::with_capacity(existing.len());
    for (index, definition, state) in existing {
        let Some(planned) = plan.tasks().get(*index) else {
            continue;
        };
        let task = planned.task.clone();
        if planned.fingerprint() != *definition {
            return Err(conflict(PlanConflict::new(task)));
        }
        let state = state_of(&task, state)?;
        tasks.push(PlannedTask { task, state });
    }
    match tasks.first() {
        None => Ok(None),
        Some(first) if tasks.len() < plan.tasks().len() => {
            Err(conflict(PlanConflict::new(first.task.clone())))
        }
        Some(_) => Ok(Some(PlanOutcome::Known { tasks })),
    }
}

fn conflict(conflict: PlanConflict) -> StoreError {
    StoreError::Refused(Refusal::new(
        ErrorKind::Conflict,
        Effect::NotApplied,
        conflict,
    ))
}
