-- Reads the dependencies of blocked tasks on the given tasks.
SELECT edge.prerequisite_id, edge.task_id, edge.waits_for
FROM unnest($2) AS prerequisite (task_id)
CROSS JOIN LATERAL (
    SELECT prerequisite_id, task_id, waits_for FROM task_dependency
    WHERE user_id = $1 AND prerequisite_id = prerequisite.task_id OFFSET 0) AS edge
CROSS JOIN LATERAL (
    SELECT FROM task_state
    WHERE user_id = $1 AND task_id = edge.task_id AND state = 'blocked' OFFSET 0) AS dependant
