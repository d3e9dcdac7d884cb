-- Of about every hundredth entry of a partition: how many there are, and how many of them would go. Locks
-- nothing.
SELECT count(task.user_id) AS leaving, count(*) AS looked_at
FROM {partition} AS entry TABLESAMPLE SYSTEM (1)
LEFT JOIN task_summary AS task
    ON task.user_id = entry.user_id AND task.task_id = entry.task_id
    AND task.last_updated < $1 AND task.status = ANY ($2) AND (task.finished_at IS NOT NULL OR NOT $3)
