-- How much of a partition would go, without locking anything.
SELECT count(*) AS tasks,
       coalesce(sum(task.entries), 0)::bigint AS entries,
       coalesce(sum(here.entries) FILTER (WHERE task.user_id IS NOT NULL), 0)::bigint AS entries_here,
       coalesce(sum(here.entries), 0)::bigint AS here
FROM (SELECT user_id, task_id, count(*) AS entries FROM {partition} GROUP BY user_id, task_id) AS here
LEFT JOIN task_summary AS task
    ON task.user_id = here.user_id AND task.task_id = here.task_id
    AND task.last_updated < $1 AND task.status = ANY ($2) AND (task.finished_at IS NOT NULL OR NOT $3)
