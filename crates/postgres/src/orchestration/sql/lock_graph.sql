-- Serializes the search for cycles among the tasks of an owner until the transaction ends.
INSERT INTO task_graph AS graph (user_id, changes)
SELECT $1, 0
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $2 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
ON CONFLICT (user_id) DO UPDATE SET changes = graph.changes
