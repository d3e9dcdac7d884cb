-- Locks the tasks of the open executions of agents, by ascending id, and returns them. If the last
-- attempt at a task is lost, the task fails. So the blocked tasks that this may change are locked,
-- too, in the same order: those that depend on it, and on tasks that are skipped because of it.
WITH RECURSIVE executing AS (
    SELECT execution.task_id, wanted.is_lost AND state.counted_attempts + 1 >= state.max_attempts AS ends
    FROM unnest($2, $3) AS wanted (agent_id, is_lost)
    CROSS JOIN LATERAL (
        SELECT task_id FROM task_execution
        WHERE user_id = $1 AND agent_id = wanted.agent_id AND closed_at IS NULL
        ORDER BY assigned_at, task_id, attempt OFFSET 0) AS execution
    CROSS JOIN LATERAL (
        SELECT counted_attempts, max_attempts FROM task_state
        WHERE user_id = $1 AND task_id = execution.task_id OFFSET 0) AS state
), reached (task_id, spreads) AS (
    SELECT task_id, ends FROM executing
    UNION
    SELECT edge.task_id, edge.waits_for = 'success'
    FROM reached
    CROSS JOIN LATERAL (
        SELECT task_id, waits_for FROM task_dependency
        WHERE user_id = $1 AND prerequisite_id = reached.task_id
        ORDER BY task_id OFFSET 0) AS edge
    WHERE reached.spreads
), ordered AS (
    SELECT DISTINCT task_id FROM reached ORDER BY task_id
)
SELECT locked.task_id
FROM ordered
-- One by one, in that order.
CROSS JOIN LATERAL (
    SELECT task_id FROM task_state
    WHERE user_id = $1 AND task_id = ordered.task_id
    FOR NO KEY UPDATE) AS locked
