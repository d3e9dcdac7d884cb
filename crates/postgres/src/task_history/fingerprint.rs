//! Whose statement a text is.

use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::operation;

/// The statements that stand in files begin with a comment of their own, which servers keep.
const FILES: [(&str, Operation); 18] = [
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
    (include_str!("sql/list.sql"), operation::LIST),
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

/// The others begin as the query builder writes them.
const BUILT: [(&str, Operation); 2] = [
    ("SELECT \"task_summary\".\"status\"", operation::STATUS),
    (
        "SELECT \"task_summary\".\"finished_status\"",
        operation::FINISH,
    ),
];

/// The operation that runs this statement, as the server keeps its text; `None` if none does.
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
    use tasktrail_domain::task_history::TaskKey;

    use super::*;
    use crate::task_history::load;

    #[test]
    fn built_statements_are_known_by_how_they_begin() {
        let task = TaskKey::new("user", "task").unwrap();
        let status = load::select_status(&task.user, &task.task);
        let text = diesel::debug_query::<Pg, _>(&status).to_string();

        assert_eq!(operation_of(&text), Some(operation::STATUS));
        assert_eq!(operation_of("SELECT 1 FROM task_history"), None);
    }

    #[test]
    fn no_two_statements_begin_alike() {
        for (file, operation) in FILES {
            assert_eq!(operation_of(file), Some(operation));
        }
    }
}
