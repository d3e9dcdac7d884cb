-- Finishes a task that is open or has no summary yet. Returns no row if it is already finished.
-- Only the columns of the finish are written, so concurrent saves are not overwritten.
INSERT INTO task_summary AS summary
    (user_id, task_id, finished_status, finished_at, entries, created_at, last_updated)
SELECT $1, $2, $3, finish.at, 0, finish.at, finish.at
FROM (SELECT $4 AS at) AS finish
-- Lock timeout of the row, as in a save.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $5 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
ON CONFLICT (user_id, task_id) DO UPDATE SET
    finished_status = excluded.finished_status,
    finished_at = excluded.finished_at,
    created_at = least(summary.created_at, excluded.created_at),
    last_updated = greatest(summary.last_updated, excluded.last_updated)
WHERE summary.finished_at IS NULL
RETURNING summary.step_status
