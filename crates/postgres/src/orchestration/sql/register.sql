-- Registers an agent that is unknown, or that registers again with the same documents and keeps its
-- open executions: the usual cases, in one round trip. Returns whether it is new, and its version.
-- Returns no row, and changes nothing, if a document changes, if executions are lost, if the write is
-- known, or if another call changed the agent since the statement began. That shows in the locked
-- rows: they are not those of the snapshot.
--
-- The fields in the audit log have the marks of JSON that jsonb cannot hold (U+241B is doubled).
WITH described AS (
    SELECT ctid AS place, agent_type, name, capabilities, metadata, version
    FROM agent
    WHERE user_id = $1 AND agent_id = $2
      AND NOT EXISTS (SELECT FROM audit_log WHERE user_id = $1 AND write_id = $3 AND ordinal = 0)
      -- Lock timeout of each row, as in a save.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $16 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
    FOR NO KEY UPDATE
), present AS (
    SELECT presence.*
    FROM described
    CROSS JOIN LATERAL (
        SELECT ctid AS place, instance, state, capacity, lease, open_executions
        FROM agent_presence
        WHERE user_id = $1 AND agent_id = $2
        FOR NO KEY UPDATE) AS presence
), known AS MATERIALIZED (
    SELECT version, (agent_type, name, capacity, lease) IS DISTINCT FROM ($5, $6, $9, $10) AS differs,
        state, CASE WHEN state = 'retired' THEN 'active' ELSE state END AS next_state,
        jsonb_build_object(
            'agent_type', replace(agent_type, '␛', '␛␛'),
            'name', replace(name, '␛', '␛␛'),
            'capacity', capacity, 'lease', lease, 'instance', instance, 'state', state) AS fields
    FROM described CROSS JOIN present
    WHERE (instance = $4 OR open_executions = 0)
      -- As text: jsonb has equal numbers that are written differently.
      AND (capabilities::text, metadata::text) IS NOT DISTINCT FROM ($7::text, $8::text)
      AND described.place = (SELECT ctid FROM agent WHERE user_id = $1 AND agent_id = $2)
      AND present.place = (SELECT ctid FROM agent_presence WHERE user_id = $1 AND agent_id = $2)
), difference AS MATERIALIZED (
    SELECT jsonb_object_agg(key, fields -> key) AS before, jsonb_object_agg(key, value) AS after
    FROM known
    CROSS JOIN LATERAL jsonb_each($15 - '{capabilities,metadata}'::text[] || jsonb_build_object('state', next_state)) AS field (key, value)
    WHERE fields -> key <> value
), new_agent AS (
    INSERT INTO agent (user_id, agent_id, agent_type, name, capabilities, metadata,
                       registered_at, updated_at, version)
    SELECT $1, $2, $5, $6, $7, $8, $11, $11, 1
    WHERE NOT EXISTS (SELECT FROM described)
      AND NOT EXISTS (SELECT FROM audit_log WHERE user_id = $1 AND write_id = $3 AND ordinal = 0)
    ON CONFLICT (user_id, agent_id) DO NOTHING
    RETURNING agent_id
), new_presence AS (
    INSERT INTO agent_presence (user_id, agent_id, instance, state, capacity, lease,
                                open_executions, heartbeat_at, lease_until)
    SELECT $1, agent_id, $4, 'active', $9, $10, 0, $11, $12
    FROM new_agent
), changed_agent AS (
    UPDATE agent
    SET agent_type = $5, name = $6, updated_at = $11,
        version = known.version + differs::integer
    FROM known
    WHERE user_id = $1 AND agent_id = $2 AND (differs OR state <> next_state)
), changed_presence AS (
    UPDATE agent_presence AS presence
    SET instance = $4, state = next_state, capacity = $9, lease = $10,
        heartbeat_at = greatest(heartbeat_at, $11), lease_until = greatest(lease_until, $12)
    FROM known
    WHERE presence.user_id = $1 AND presence.agent_id = $2
), registered AS MATERIALIZED (
    SELECT true AS is_new, 1::bigint AS version, NULL::jsonb AS before, $15 AS after
    FROM new_agent
    UNION ALL
    SELECT false, version + differs::integer, before, after
    FROM known CROSS JOIN difference
), logged AS (
    INSERT INTO audit_log (user_id, write_id, ordinal, at, actor, action, entity, entity_id,
                           before, after, note, answer)
    SELECT $1, $3, 0, $11, $13, 'agent.registered', 'agent', $2, before, after, $14,
        jsonb_build_object('new', is_new, 'version', version, 'lost', '[]'::jsonb)
    FROM registered
    WHERE after IS NOT NULL
)
SELECT is_new, version FROM registered
