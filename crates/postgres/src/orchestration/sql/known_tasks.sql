-- Reads the definitions and states of those of the given tasks that exist.
SELECT position, task.definition, current.state
FROM unnest($2) WITH ORDINALITY AS planned (task_id, position)
CROSS JOIN LATERAL (
    -- A range, so that the order keeps the planner on the key, also before the table is analyzed.
    SELECT definition FROM task
    WHERE user_id = $1 AND task_id >= planned.task_id AND task_id <= planned.task_id
    ORDER BY task_id LIMIT 1) AS task
CROSS JOIN LATERAL (
    SELECT state FROM task_state
    WHERE user_id = $1 AND task_id = planned.task_id OFFSET 0) AS current
