-- Frees slots of agents, in the order given, and returns until when each agent is online.
UPDATE agent_presence AS presence
SET open_executions = presence.open_executions - freed.slots
FROM unnest($1, $2, $3) AS freed (user_id, agent_id, slots)
WHERE presence.user_id = freed.user_id AND presence.agent_id = freed.agent_id
RETURNING presence.user_id, presence.agent_id, presence.lease_until
