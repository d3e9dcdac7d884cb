-- Marks an assigned attempt as running, and starts its time limit again. Returns its deadline; no
-- row if the attempt is not assigned, or the write is known.
WITH known AS MATERIALIZED (
    -- Only the key has the entries of a write in this order.
    SELECT ordinal
    FROM audit_log
    WHERE user_id = $1 AND write_id = $5
    ORDER BY ordinal
    LIMIT 1
), subject AS MATERIALIZED (
    SELECT CASE WHEN time_limit IS NOT NULL THEN least(
               $4 + time_limit * interval '1 second',
               timestamptz '9999-12-31 23:59:59.999999+00') END AS deadline
    FROM task_state
    WHERE user_id = $1 AND task_id = $2 AND attempts = $3 AND state = 'assigned'
      AND NOT EXISTS (SELECT FROM known)
      -- Lock timeout of the row, as in a save.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $8 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
    FOR NO KEY UPDATE
), moved AS (
    UPDATE task_state
    SET state = 'running', changed_at = $4
    WHERE user_id = $1 AND task_id = $2 AND EXISTS (SELECT FROM subject)
), execution AS (
    UPDATE task_execution
    SET state = 'running', started_at = $4, deadline = (SELECT deadline FROM subject)
    WHERE user_id = $1 AND task_id = $2 AND attempt = $3 AND EXISTS (SELECT FROM subject)
), logged AS (
    INSERT INTO audit_log
        (user_id, write_id, ordinal, at, actor, action, entity, entity_id, before, after, note)
    SELECT $1, $5, 0, $4, $6, 'task.started', 'task', $2,
           '{"state": "assigned"}', jsonb_build_object('attempt', $3, 'state', 'running'), $7
    FROM subject
)
SELECT deadline
FROM subject
