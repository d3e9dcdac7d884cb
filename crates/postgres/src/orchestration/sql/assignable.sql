-- Locks a task, then the presence of an agent, and returns what decides whether the agent can get
-- the task; no row if there is no such task.
WITH locked AS MATERIALIZED (
    SELECT state, agent_id
    FROM task_state
    WHERE user_id = $1 AND task_id = $2
      -- Lock timeout of each row, as in a save.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $4 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
    FOR NO KEY UPDATE
), presence AS MATERIALIZED (
    SELECT instance, state, lease_until, capacity, open_executions
    FROM agent_presence
    WHERE user_id = $1 AND agent_id = $3 AND EXISTS (SELECT FROM locked)
    FOR NO KEY UPDATE
)
SELECT locked.state, locked.agent_id, task.required_capabilities,
       presence.*, agent.agent_type, agent.name, agent.capabilities
FROM locked
    CROSS JOIN (
        SELECT required_capabilities
        FROM task
        WHERE user_id = $1 AND task_id = $2) AS task
    LEFT JOIN presence ON true
    LEFT JOIN (
        SELECT agent_type, name, capabilities
        FROM agent
        WHERE user_id = $1 AND agent_id = $3) AS agent ON true
