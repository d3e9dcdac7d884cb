-- Counts what a policy covers that keeps the newest tasks of each user. Proceeds user by user, like
-- lock_beyond.sql.
SELECT coalesce(sum(beyond.tasks), 0)::bigint AS tasks, coalesce(sum(beyond.entries), 0)::bigint AS entries
FROM (
    SELECT DISTINCT user_id FROM task_summary
    WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
    ORDER BY user_id
) AS owner
CROSS JOIN LATERAL
