//! Identifies the operation that a statement belongs to.

use tasktrail_domain::orchestration::{agent, audit, dispatch, task};
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::operation;

/// Statements in files are identified by their first line, a unique comment that servers keep. The
/// statements that several operations share are not listed.
const FILES: &[(&str, Operation)] = &[
    (include_str!("task_history/sql/save.sql"), operation::SAVE),
    (include_str!("task_history/sql/saved.sql"), operation::SAVE),
    (include_str!("task_history/sql/locked.sql"), operation::SAVE),
    (include_str!("task_history/sql/load.sql"), operation::LOAD),
    (include_str!("task_history/sql/trail.sql"), operation::TRAIL),
    (
        include_str!("task_history/sql/statuses.sql"),
        operation::STATUS,
    ),
    (
        include_str!("task_history/sql/finish.sql"),
        operation::FINISH,
    ),
    (
        include_str!("task_history/sql/finish_batch.sql"),
        operation::FINISH_BATCH,
    ),
    (
        include_str!("task_history/sql/finished.sql"),
        operation::FINISH_BATCH,
    ),
    (
        include_str!("task_history/sql/summary.sql"),
        operation::SUMMARY,
    ),
    (include_str!("task_history/sql/list.sql"), operation::LIST),
    (
        include_str!("task_history/sql/list_all.sql"),
        operation::LIST_ALL,
    ),
    (include_str!("task_history/sql/users.sql"), operation::USERS),
    (include_str!("task_history/sql/count.sql"), operation::COUNT),
    (
        include_str!("task_history/sql/expired.sql"),
        operation::EXPIRED,
    ),
    (
        include_str!("task_history/sql/expired_beyond.sql"),
        operation::EXPIRED,
    ),
    (
        include_str!("task_history/sql/lock_beyond.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("task_history/sql/last_kept_of_user.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("task_history/sql/window_end.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("task_history/sql/lock_expired.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("task_history/sql/remove.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("orchestration/sql/register.sql"),
        agent::operation::REGISTER,
    ),
    (
        include_str!("orchestration/sql/heartbeat.sql"),
        agent::operation::HEARTBEAT,
    ),
    (
        include_str!("orchestration/sql/get_agent.sql"),
        agent::operation::GET,
    ),
    (
        include_str!("orchestration/sql/list_agents.sql"),
        agent::operation::LIST,
    ),
    (
        include_str!("orchestration/sql/list_entries.sql"),
        audit::operation::LIST,
    ),
    (
        include_str!("orchestration/sql/record_entry.sql"),
        audit::operation::RECORD,
    ),
    (
        include_str!("orchestration/sql/create_tasks.sql"),
        task::operation::CREATE,
    ),
    (
        include_str!("orchestration/sql/known_tasks.sql"),
        task::operation::CREATE,
    ),
    (
        include_str!("orchestration/sql/update_task.sql"),
        task::operation::UPDATE,
    ),
    (
        include_str!("orchestration/sql/add_dependencies.sql"),
        task::operation::ADD_DEPENDENCIES,
    ),
    (
        include_str!("orchestration/sql/remove_dependencies.sql"),
        task::operation::REMOVE_DEPENDENCIES,
    ),
    (
        include_str!("orchestration/sql/lock_descendants.sql"),
        task::operation::CANCEL,
    ),
    (
        include_str!("orchestration/sql/cancel_tasks.sql"),
        task::operation::CANCEL,
    ),
    (
        include_str!("orchestration/sql/resume_task.sql"),
        task::operation::RESUME,
    ),
    (
        include_str!("orchestration/sql/list_tasks.sql"),
        task::operation::LIST,
    ),
    (
        include_str!("orchestration/sql/list_parts.sql"),
        task::operation::LIST,
    ),
    (
        include_str!("orchestration/sql/task_graph.sql"),
        task::operation::GRAPH,
    ),
    (
        include_str!("orchestration/sql/count_tasks.sql"),
        task::operation::COUNTS,
    ),
    (
        include_str!("orchestration/sql/count_expired_tasks.sql"),
        task::operation::EXPIRED,
    ),
    (
        include_str!("orchestration/sql/lock_expired_tasks.sql"),
        task::operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("orchestration/sql/choose_expired_tasks.sql"),
        task::operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("orchestration/sql/remove_tasks.sql"),
        task::operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("orchestration/sql/claim.sql"),
        dispatch::operation::CLAIM,
    ),
    (
        include_str!("orchestration/sql/assignable.sql"),
        dispatch::operation::ASSIGN,
    ),
    (
        include_str!("orchestration/sql/assign.sql"),
        dispatch::operation::ASSIGN,
    ),
    (
        include_str!("orchestration/sql/start.sql"),
        dispatch::operation::START,
    ),
    (
        include_str!("orchestration/sql/report_completed.sql"),
        dispatch::operation::REPORT,
    ),
    (
        include_str!("orchestration/sql/unlocked.sql"),
        dispatch::operation::REPORT,
    ),
    (
        include_str!("orchestration/sql/reapable.sql"),
        dispatch::operation::REAP,
    ),
    (
        include_str!("orchestration/sql/expired_attempts.sql"),
        dispatch::operation::REAP,
    ),
    (
        include_str!("orchestration/sql/executions.sql"),
        dispatch::operation::EXECUTIONS,
    ),
    (
        include_str!("orchestration/sql/queue_load.sql"),
        dispatch::operation::LOAD,
    ),
];

/// Other statements are identified by their start, as the query builder writes it.
const BUILT: &[(&str, Operation)] = &[
    ("SELECT \"task_summary\".\"status\"", operation::STATUS),
    (
        "SELECT \"task_summary\".\"finished_status\"",
        operation::FINISH,
    ),
];

/// Returns the operation that runs this statement; `None` if it does not belong to the port. `text`
/// is the text that the server stores, such as in `pg_stat_statements`.
#[must_use]
pub fn operation_of(text: &str) -> Option<Operation> {
    let text = text.trim_start();
    let files = FILES
        .iter()
        .map(|(file, operation)| (file.lines().next().unwrap_or(*file), operation));
    let built = BUILT.iter().map(|(begins, operation)| (*begins, operation));
    files
        .chain(built)
        .find(|(begins, _)| text.starts_with(begins))
        .map(|(_, operation)| *operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_of_others_is_not_identified() {
        assert_eq!(operation_of("SELECT 1 FROM task_history"), None);
    }

    #[test]
    fn statements_start_differently() {
        for (file, operation) in FILES {
            assert_eq!(operation_of(file), Some(*operation));
        }
    }
}
