-- The summary of a task, by its key.
SELECT task_id, status, finished_at, last_step, error_code, entries, created_at, last_updated
FROM task_summary
WHERE user_id = $1 AND task_id = $2
