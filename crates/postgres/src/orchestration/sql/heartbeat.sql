-- Extends the lease of an agent, unless its process was replaced or it is retired. Returns the
-- instance and the state before, the state and the lease after, and the open executions if they are
-- compared; no row for an unknown agent. No index has a column that it changes, so the row is
-- updated in its page (HOT).
WITH seen AS MATERIALIZED (
    SELECT instance, state
    FROM agent_presence
    WHERE user_id = $1 AND agent_id = $2
), beat AS (
    UPDATE agent_presence
    SET heartbeat_at = greatest(heartbeat_at, $4),
        lease_until = greatest(lease_until, least($4 + lease * interval '1 second', $5))
    WHERE user_id = $1 AND agent_id = $2 AND instance = $3 AND state <> 'retired'
      -- Lock timeout of the row, as in a save.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $7 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
    RETURNING state, lease_until
)
SELECT seen.instance, seen.state, beat.state, beat.lease_until,
    ARRAY(SELECT task_id FROM task_execution
          WHERE $6 AND user_id = $1 AND agent_id = $2 AND closed_at IS NULL
          ORDER BY assigned_at, task_id, attempt),
    ARRAY(SELECT attempt FROM task_execution
          WHERE $6 AND user_id = $1 AND agent_id = $2 AND closed_at IS NULL
          ORDER BY assigned_at, task_id, attempt)
FROM seen LEFT JOIN beat ON true
