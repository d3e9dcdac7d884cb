-- Cancels locked tasks, and closes their open executions. Returns the agents of those.
WITH cancelled AS (
    UPDATE task_state AS task SET
        state = 'cancelled', agent_id = NULL, open_dependencies = 0, due_at = NULL,
        claim_order = NULL, changed_at = $3
    FROM unnest($2) AS wanted (task_id)
    WHERE task.user_id = $1 AND task.task_id = wanted.task_id
    RETURNING task.task_id, task.attempts
)
UPDATE task_execution AS execution SET state = 'cancelled', closed_at = $3
FROM cancelled
WHERE execution.user_id = $1 AND execution.task_id = cancelled.task_id
  AND execution.attempt = cancelled.attempts AND execution.closed_at IS NULL
RETURNING execution.agent_id
