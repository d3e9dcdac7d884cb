-- Keeps tasks from being removed until the transaction ends, and returns those that exist. Waits
-- only for a removal.
SELECT kept.*
FROM unnest($2) AS wanted (task_id)
CROSS JOIN LATERAL (
    SELECT task_id FROM task_state
    WHERE user_id = $1 AND task_id = wanted.task_id
    FOR KEY SHARE) AS kept
