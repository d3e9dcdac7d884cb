-- Closes an open attempt as completed, and makes the tasks ready that waited only for its task.
-- Returns the ids of those; no row if the attempt is not open, if the write is known, or if others
-- changed the task since the statement began: the caller then reads why.
--
-- The edges of the snapshot are complete if the locked row is the one of the snapshot, because
-- adding or removing a dependency writes the row of the prerequisite. Locks the task, its dependants
-- by id, and the presence of the agent last.
WITH known AS MATERIALIZED (
    -- Only the key has the entries of a write in this order.
    SELECT ordinal
    FROM audit_log
    WHERE user_id = $1 AND write_id = $5
    ORDER BY ordinal
    LIMIT 1
), seen AS MATERIALIZED (
    SELECT ctid AS version
    FROM task_state
    WHERE user_id = $1 AND task_id = $2
), subject AS MATERIALIZED (
    SELECT ctid AS version, state, agent_id, dependants
    FROM task_state
    WHERE user_id = $1 AND task_id = $2 AND attempts = $3 AND state IN ('assigned', 'running')
      AND NOT EXISTS (SELECT FROM known)
      -- Lock timeout of each row, as in a save.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $11 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
    FOR NO KEY UPDATE
), edge AS MATERIALIZED (
    -- In the order of the ids, from the index.
    SELECT dependant.task_id
    FROM subject CROSS JOIN LATERAL (
        SELECT task_id
        FROM task_dependency
        WHERE user_id = $1 AND prerequisite_id = $2
        ORDER BY task_id
        OFFSET 0) AS dependant
), sound AS MATERIALIZED (
    SELECT subject.state, subject.agent_id
    FROM subject JOIN seen USING (version)
    WHERE subject.dependants = (SELECT count(*) FROM edge)
), held AS MATERIALIZED (
    -- One by one, in that order.
    SELECT dependant.task_id, dependant.state
    FROM sound CROSS JOIN edge CROSS JOIN LATERAL (
        SELECT task_id, state
        FROM task_state
        WHERE user_id = $1 AND task_id = edge.task_id
        FOR NO KEY UPDATE) AS dependant
), unlocked AS (
    UPDATE task_state
    SET open_dependencies = open_dependencies - 1,
        state = CASE WHEN open_dependencies = 1 THEN 'ready' ELSE state END,
        due_at = CASE WHEN open_dependencies = 1 THEN $4 END,
        claim_order = CASE WHEN open_dependencies = 1 THEN $4 - priority * interval '1 minute' END,
        changed_at = CASE WHEN open_dependencies = 1 THEN $4 ELSE changed_at END
    WHERE user_id = $1 AND task_id = ANY (ARRAY(SELECT task_id FROM held WHERE state = 'blocked'))
    RETURNING task_id, state
), freed AS (
    -- Reads `unlocked` first, so that the presence is locked after all tasks.
    UPDATE agent_presence
    SET open_executions = open_executions - 1
    WHERE user_id = $1 AND agent_id = (SELECT agent_id FROM sound)
      AND (SELECT count(*) FROM unlocked) >= 0
), ended AS (
    UPDATE task_state
    SET state = 'completed', agent_id = NULL, changed_at = $4
    WHERE user_id = $1 AND task_id = $2 AND EXISTS (SELECT FROM sound)
), execution AS (
    UPDATE task_execution
    SET state = 'completed', closed_at = $4, output = $8, memory_usage_mb = $9, cpu_time_ms = $10
    WHERE user_id = $1 AND task_id = $2 AND attempt = $3 AND EXISTS (SELECT FROM sound)
), history AS (
    INSERT INTO task_summary AS summary
        (user_id, task_id, finished_status, finished_at, entries, created_at, last_updated)
    SELECT $1, $2, 'completed', $4, 0, $4, $4
    FROM sound
    ON CONFLICT (user_id, task_id) DO UPDATE SET
        finished_status = excluded.finished_status,
        finished_at = excluded.finished_at,
        created_at = least(summary.created_at, excluded.created_at),
        last_updated = greatest(summary.last_updated, excluded.last_updated)
    WHERE summary.finished_at IS NULL
), ready AS MATERIALIZED (
    SELECT task_id, row_number() OVER (ORDER BY task_id) AS position
    FROM unlocked
    WHERE state = 'ready'
), logged AS (
    INSERT INTO audit_log
        (user_id, write_id, ordinal, at, actor, action, entity, entity_id, before, after, note)
    SELECT $1, $5, 0, $4, $6, 'task.completed', 'task', $2,
           jsonb_build_object('state', state),
           jsonb_build_object('attempt', $3, 'state', 'completed'), $7
    FROM sound
    UNION ALL
    SELECT $1, $5, position, $4, $6, 'task.ready', 'task', task_id,
           '{"state": "blocked"}', '{"state": "ready"}', $7
    FROM ready
)
SELECT ARRAY(SELECT task_id FROM ready ORDER BY position)
FROM sound
