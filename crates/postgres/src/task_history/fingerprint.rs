//! Identifies the operation that a statement belongs to.

use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::operation;

/// Statements in files are identified by their first line, a unique comment that servers keep.
const FILES: [(&str, Operation); 21] = [
    (include_str!("sql/save.sql"), operation::SAVE),
    (include_str!("sql/saved.sql"), operation::SAVE),
    (include_str!("sql/locked.sql"), operation::SAVE),
    (include_str!("sql/load.sql"), operation::LOAD),
    (include_str!("sql/trail.sql"), operation::TRAIL),
    (include_str!("sql/statuses.sql"), operation::STATUS),
    (include_str!("sql/finish.sql"), operation::FINISH),
    (
        include_str!("sql/finish_batch.sql"),
        operation::FINISH_BATCH,
    ),
    (include_str!("sql/finished.sql"), operation::FINISH_BATCH),
    (include_str!("sql/summary.sql"), operation::SUMMARY),
    (include_str!("sql/list.sql"), operation::LIST),
    (include_str!("sql/list_all.sql"), operation::LIST_ALL),
    (include_str!("sql/users.sql"), operation::USERS),
    (include_str!("sql/count.sql"), operation::COUNT),
    (include_str!("sql/expired.sql"), operation::EXPIRED),
    (include_str!("sql/expired_beyond.sql"), operation::EXPIRED),
    (
        include_str!("sql/lock_beyond.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("sql/last_kept_of_user.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("sql/window_end.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (
        include_str!("sql/lock_expired.sql"),
        operation::REMOVE_EXPIRED,
    ),
    (include_str!("sql/remove.sql"), operation::REMOVE_EXPIRED),
];

/// Other statements are identified by their start, as the query builder writes it.
const BUILT: [(&str, Operation); 2] = [
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
    use diesel::pg::Pg;
    use tasktrail_domain::TaskKey;

    use super::*;
    use crate::task_history::load;

    #[test]
    fn built_statements_are_identified_by_their_start() {
        let task = TaskKey::new("user", "task").unwrap();
        let status = load::select_status(&task.user, &task.task);
        let text = diesel::debug_query::<Pg, _>(&status).to_string();

        assert_eq!(operation_of(&text), Some(operation::STATUS));
        assert_eq!(operation_of("SELECT 1 FROM task_history"), None);
    }

    #[test]
    fn statements_start_differently() {
        for (file, operation) in FILES {
            assert_eq!(operation_of(file), Some(operation));
        }
    }
}
