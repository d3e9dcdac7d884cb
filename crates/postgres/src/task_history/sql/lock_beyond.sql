-- Locks tasks like lock_expired.sql, for a policy that keeps the newest tasks of each user.
--
-- LATERAL fixes the join order: for each user, first the last of the newest tasks is read, unless
-- the previous batch found it, and then a range of the key.
SELECT owner.user_id, task.task_id, task.entries, last_kept.last_updated, last_kept.task_id
FROM (
    SELECT DISTINCT user_id FROM task_summary
    WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3 AND (user_id, task_id) <= ($8, $9)
    ORDER BY user_id
) AS owner
CROSS JOIN LATERAL (
    SELECT $11 AS last_updated, $12 AS task_id
    WHERE owner.user_id = $1 AND $11 IS NOT NULL
    UNION ALL
    SELECT * FROM
