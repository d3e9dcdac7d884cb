-- Locks agents in the order given, which is ascending, and returns how they are described.
SELECT agent.*
FROM unnest($2) AS wanted (agent_id)
CROSS JOIN LATERAL (
    SELECT agent_id, agent_type, name, capabilities, metadata, registered_at, updated_at, version
    FROM agent
    WHERE user_id = $1 AND agent_id = wanted.agent_id
    FOR NO KEY UPDATE) AS agent
-- Lock timeout of each row, as in a save.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $3 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
