-- Gives a locked task to a locked agent, and returns the deadline of the attempt.
WITH moved AS (
    UPDATE task_state
    SET state = 'assigned', attempts = attempts + 1, agent_id = $3, due_at = NULL,
        claim_order = NULL, changed_at = $5
    WHERE user_id = $1 AND task_id = $2
    RETURNING attempts,
        CASE WHEN time_limit IS NOT NULL THEN least(
            $5 + time_limit * interval '1 second',
            timestamptz '9999-12-31 23:59:59.999999+00') END AS deadline
), execution AS (
    INSERT INTO task_execution
        (user_id, task_id, attempt, agent_id, instance, state, assigned_at, deadline)
    SELECT $1, $2, attempts, $3, $4, 'assigned', $5, deadline
    FROM moved
), occupied AS (
    UPDATE agent_presence
    SET open_executions = open_executions + 1
    WHERE user_id = $1 AND agent_id = $3
)
SELECT attempts, deadline
FROM moved
