-- Returns the tasks of an earlier write with the same id, and those of the given tasks that exist.
WITH earlier AS (
    SELECT action, ARRAY(
        SELECT entity_id FROM audit_log
        WHERE user_id = $1 AND write_id = $2 AND ordinal >= 0
        ORDER BY ordinal) AS entity_ids
    FROM audit_log
    WHERE user_id = $1 AND write_id = $2 AND ordinal < 1
    ORDER BY ordinal
    LIMIT 1
), known AS (
    SELECT position, task.definition, current.state
    FROM unnest($3) WITH ORDINALITY AS planned (task_id, position)
    CROSS JOIN LATERAL (
        -- A range, so that the order keeps the planner on the key, even without statistics.
        SELECT definition FROM task
        WHERE user_id = $1 AND task_id >= planned.task_id AND task_id <= planned.task_id
        ORDER BY task_id LIMIT 1) AS task
    CROSS JOIN LATERAL (
        SELECT state FROM task_state
        WHERE user_id = $1 AND task_id = planned.task_id OFFSET 0) AS current
)
SELECT action, entity_ids, NULL AS position, NULL AS definition, NULL AS state FROM earlier
UNION ALL
SELECT NULL, NULL, position, definition, state FROM known
