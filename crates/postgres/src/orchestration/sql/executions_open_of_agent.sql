          AND agent_id = $2 AND closed_at IS NULL
