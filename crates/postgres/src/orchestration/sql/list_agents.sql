-- The agents of an owner, by ascending id, each with the number of agents that were read. Agents
-- beyond the limit on bytes are left out. The stored size of a document is known without reading it.
SELECT read, agent_id, agent_type, name, capabilities, metadata, registered_at, updated_at, version,
    instance, state, capacity, lease, open_executions, heartbeat_at, lease_until
FROM (
    SELECT listed.*, count(*) OVER () AS read,
        sum(pg_column_size(capabilities) + pg_column_size(metadata))
            OVER (ORDER BY agent_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT agent.agent_id, agent_type, name, capabilities, metadata, registered_at, updated_at,
            version, presence.*
        FROM agent
        CROSS JOIN LATERAL (
            SELECT instance, state, capacity, lease, open_executions, heartbeat_at, lease_until
            FROM agent_presence
            WHERE user_id = $1 AND agent_id = agent.agent_id
            OFFSET 0) AS presence
        WHERE agent.user_id = $1 AND agent.agent_id > $2
          AND ($3 IS NULL OR agent_type = $3)
          AND ($4 IS NULL OR agent_type = $4)
          AND ($5 IS NULL OR capabilities @> $5)
          AND ($6 IS NULL OR presence.state = $6)
          AND ($7 IS NULL OR (presence.lease_until >= $8) = $7)
        ORDER BY agent.agent_id
        LIMIT $9
    ) AS listed
) AS page
WHERE coalesce(bytes_before, 0) < $10
ORDER BY agent_id
