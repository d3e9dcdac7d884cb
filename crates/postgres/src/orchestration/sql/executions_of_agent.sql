          AND agent_id = $2
