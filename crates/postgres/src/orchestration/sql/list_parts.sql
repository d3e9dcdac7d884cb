-- A page of the parts of a task, in the order of the list. Passes those in other states.
SELECT part.task_id, title, parent_id, priority, state, attempts, counted_attempts, agent_id,
       open_dependencies, due_at, created_at, changed_at, error_code
FROM (
    SELECT task_id, title, parent_id, priority, created_at FROM task
    WHERE user_id = $1 AND parent_id = $7 AND created_at >= $3 AND (created_at, task_id) < ($4, $5)
    ORDER BY created_at DESC, task_id DESC
) AS part
CROSS JOIN LATERAL (
    SELECT state, attempts, counted_attempts, agent_id, open_dependencies, due_at, changed_at,
           error_code
    FROM task_state
    WHERE user_id = $1 AND task_id = part.task_id AND state = ANY ($2) OFFSET 0) AS progress
ORDER BY created_at DESC, part.task_id DESC
LIMIT $6
