-- Counts the entries in a sample of 1 % of a partition, and those of tasks to remove. Takes no
-- locks.
SELECT count(task.user_id) AS removed, count(*) AS looked_at
FROM {partition} AS entry TABLESAMPLE SYSTEM (1)
LEFT JOIN task_summary AS task
    ON task.user_id = entry.user_id AND task.task_id = entry.task_id
    AND task.last_updated < $1 AND task.status = ANY ($2)
    AND (task.finished_at IS NOT NULL OR NOT $3 OR task.status IN ('pending', 'running'))
