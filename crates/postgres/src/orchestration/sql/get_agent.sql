-- An agent.
SELECT agent.agent_id, agent_type, name, capabilities, metadata, registered_at, updated_at, version,
    instance, state, capacity, lease, open_executions, heartbeat_at, lease_until
FROM agent
JOIN agent_presence AS presence
    ON presence.user_id = agent.user_id AND presence.agent_id = agent.agent_id
WHERE agent.user_id = $1 AND agent.agent_id = $2
