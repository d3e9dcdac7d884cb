-- The open executions of agents.
SELECT wanted.agent_id, execution.task_id, execution.attempt
FROM unnest($2) AS wanted (agent_id)
CROSS JOIN LATERAL (
    SELECT task_id, attempt FROM task_execution
    WHERE user_id = $1 AND agent_id = wanted.agent_id AND closed_at IS NULL
    ORDER BY assigned_at, task_id, attempt OFFSET 0) AS execution
