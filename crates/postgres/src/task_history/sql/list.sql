-- A page of a user's tasks, merged from one index range for each requested status. The ranges
-- are in the order of the list, so none is read further than the page requires.
SELECT task_id, status, finished_at, last_step, error_code, entries, created_at, last_updated
FROM (
    (SELECT * FROM task_summary WHERE status = 'pending' AND 'pending' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'running' AND 'running' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'completed' AND 'completed' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'cancelled' AND 'cancelled' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'timed_out' AND 'timed_out' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'failed' AND 'failed' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
) AS task
WHERE user_id = $2
  AND last_updated >= $3
  AND (last_updated, task_id) < ($4, $5)
