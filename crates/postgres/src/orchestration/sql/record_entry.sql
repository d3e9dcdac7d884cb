-- Adds an entry of a service to the audit log, unless the write is known.
INSERT INTO audit_log (user_id, write_id, ordinal, at, actor, note, action, entity, entity_id, before, after)
SELECT $1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10
-- How long to wait for a transaction that makes the same write; as in a save.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $11 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
ON CONFLICT (user_id, write_id, ordinal) DO NOTHING
