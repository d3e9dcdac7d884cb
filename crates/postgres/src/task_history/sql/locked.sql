-- The tasks that another transaction has locked: they exist and cannot be locked without waiting.
WITH wanted AS (
    SELECT * FROM unnest($1, $2) WITH ORDINALITY AS wanted (user_id, task_id, position)
), free AS MATERIALIZED (
    SELECT position
    FROM wanted
    JOIN task_summary AS summary USING (user_id, task_id)
    FOR NO KEY UPDATE OF summary SKIP LOCKED
)
SELECT position
FROM wanted
JOIN task_summary USING (user_id, task_id)
WHERE position NOT IN (SELECT position FROM free)
