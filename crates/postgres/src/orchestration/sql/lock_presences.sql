-- Locks the presences of agents in the order given, which is ascending, and returns them.
SELECT presence.*
FROM unnest($2) AS wanted (agent_id)
CROSS JOIN LATERAL (
    SELECT agent_id, instance, state, capacity, lease, open_executions, heartbeat_at, lease_until
    FROM agent_presence
    WHERE user_id = $1 AND agent_id = wanted.agent_id
    FOR NO KEY UPDATE) AS presence
