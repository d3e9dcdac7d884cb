-- Frees slots of agents, which are given by ascending id.
WITH freed AS (
    SELECT locked.agent_id, wanted.slots
    FROM unnest($2, $3) AS wanted (agent_id, slots)
    CROSS JOIN LATERAL (
        SELECT agent_id FROM agent_presence
        WHERE user_id = $1 AND agent_id = wanted.agent_id
        FOR NO KEY UPDATE) AS locked
)
UPDATE agent_presence AS agent SET open_executions = agent.open_executions - freed.slots
FROM freed
WHERE agent.user_id = $1 AND agent.agent_id = freed.agent_id
