-- Locks tasks like lock_expired.sql, by a policy that keeps the newest of each user.
WITH owner AS (
    SELECT DISTINCT user_id FROM task_summary
    WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3 AND (user_id, task_id) <= ($8, $9)
)
