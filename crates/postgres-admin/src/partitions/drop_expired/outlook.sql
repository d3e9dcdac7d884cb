-- Counts the entries of a partition, or of a sample of it, and those of tasks that the policy
-- retains. Takes no locks.
SELECT count(*) AS entries, count(*) - count(task.user_id) AS retained
FROM {partition} AS entry TABLESAMPLE SYSTEM ({percent})
LEFT JOIN task_summary AS task
    ON task.user_id = entry.user_id AND task.task_id = entry.task_id
    AND task.last_updated < $1 AND task.status = ANY ($2)
    AND (task.finished_at IS NOT NULL OR NOT $3 OR task.status IN ('pending', 'running'))
