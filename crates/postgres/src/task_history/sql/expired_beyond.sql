-- How much a policy covers that keeps the newest tasks of each user.
-- Where the newest of each user end, merged from the ranges of the list's index.
WITH last_kept AS (
    SELECT owner.user_id, task.last_updated, task.task_id
    FROM (
        SELECT DISTINCT user_id FROM task_summary
        WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
    ) AS owner
    CROSS JOIN LATERAL (
        SELECT last_updated, task_id
        FROM (
            (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'pending'
             ORDER BY last_updated DESC, task_id DESC)
            UNION ALL
            (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'running'
             ORDER BY last_updated DESC, task_id DESC)
            UNION ALL
            (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'completed'
             ORDER BY last_updated DESC, task_id DESC)
            UNION ALL
            (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'cancelled'
             ORDER BY last_updated DESC, task_id DESC)
            UNION ALL
            (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'timed_out'
             ORDER BY last_updated DESC, task_id DESC)
            UNION ALL
            (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'failed'
             ORDER BY last_updated DESC, task_id DESC)
        ) AS every_status
        WHERE every_status.user_id = owner.user_id
        ORDER BY last_updated DESC, task_id DESC
        OFFSET $7 - 1 LIMIT 1
    ) AS task
)
SELECT count(*) AS tasks, coalesce(sum(entries), 0)::bigint AS entries
FROM task_summary AS task JOIN last_kept USING (user_id)
WHERE (user_id, task.task_id) > ($1, $2) AND user_id <= $3
  AND (task.last_updated, task.task_id) < (last_kept.last_updated, last_kept.task_id)
  AND task.last_updated < $4 AND status = ANY ($5) AND (finished_at IS NOT NULL OR NOT $6)
