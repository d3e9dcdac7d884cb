-- Finishes the given tasks that are open or have no summary yet. Returns no row for a task that is
-- already finished, but locks it like the others. The tasks are sorted by key, as in a save, so that
-- all statements lock summaries in the same order.
INSERT INTO task_summary AS summary
    (user_id, task_id, finished_status, finished_at, entries, created_at, last_updated)
SELECT user_id, task_id, status, at, 0, at, at
FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS finish (user_id, task_id, status, at, position)
-- Lock timeout of each row, as in a save.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $5 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
ORDER BY position
ON CONFLICT (user_id, task_id) DO UPDATE SET
    finished_status = excluded.finished_status,
    finished_at = excluded.finished_at,
    created_at = least(summary.created_at, excluded.created_at),
    last_updated = greatest(summary.last_updated, excluded.last_updated)
WHERE summary.finished_at IS NULL
RETURNING user_id, task_id, step_status
