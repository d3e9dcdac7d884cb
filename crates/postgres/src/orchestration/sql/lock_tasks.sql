-- Locks tasks in the order given, which is ascending, and returns how far they are.
SELECT locked.*
FROM unnest($2) AS wanted (task_id)
CROSS JOIN LATERAL (
    SELECT task_id, state, open_dependencies, dependants, changed_at FROM task_state
    WHERE user_id = $1 AND task_id = wanted.task_id
    FOR NO KEY UPDATE) AS locked
-- Lock timeout of each row, as in a save of the task history.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $3 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
