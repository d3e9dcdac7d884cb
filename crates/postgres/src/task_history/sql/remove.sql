-- Removes whole tasks whose summaries this transaction has locked, so
-- no save can add to them.
WITH task AS (
    SELECT * FROM unnest($1, $2) AS task (user_id, task_id)
), removed_entry AS (
    DELETE FROM task_history AS entry USING task
    WHERE entry.user_id = task.user_id AND entry.task_id = task.task_id
    RETURNING 1
), removed_task AS (
    DELETE FROM task_summary AS summary USING task
    WHERE summary.user_id = task.user_id AND summary.task_id = task.task_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM removed_task) AS tasks, (SELECT count(*) FROM removed_entry) AS entries
