-- Adds new agents and writes locked ones, which are given by ascending id. Returns the number of those
-- that were added: an agent that another call has added is not. The open executions are not written.
WITH written AS MATERIALIZED (
    SELECT *
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) WITH ORDINALITY AS written (
        agent_id, agent_type, name, capabilities, metadata, registered_at, updated_at, version,
        instance, state, capacity, lease, heartbeat_at, lease_until, is_new, position)
), added AS (
    INSERT INTO agent (user_id, agent_id, agent_type, name, capabilities, metadata,
                       registered_at, updated_at, version)
    SELECT $1, agent_id, agent_type, name, capabilities, metadata, registered_at, updated_at, version
    FROM written
    WHERE is_new
    ORDER BY position
    ON CONFLICT (user_id, agent_id) DO NOTHING
    RETURNING agent_id
), added_presence AS (
    INSERT INTO agent_presence (user_id, agent_id, instance, state, capacity, lease,
                                open_executions, heartbeat_at, lease_until)
    SELECT $1, agent_id, instance, state, capacity, lease, 0, heartbeat_at, lease_until
    FROM added JOIN written USING (agent_id)
), changed AS (
    UPDATE agent
    SET agent_type = written.agent_type, name = written.name, capabilities = written.capabilities,
        metadata = written.metadata, updated_at = written.updated_at, version = written.version
    FROM written
    WHERE agent.user_id = $1 AND agent.agent_id = written.agent_id AND NOT is_new
), changed_presence AS (
    UPDATE agent_presence AS presence
    SET instance = written.instance, state = written.state, capacity = written.capacity,
        lease = written.lease, heartbeat_at = written.heartbeat_at, lease_until = written.lease_until
    FROM written
    WHERE presence.user_id = $1 AND presence.agent_id = written.agent_id AND NOT is_new
)
SELECT count(*) FROM added
