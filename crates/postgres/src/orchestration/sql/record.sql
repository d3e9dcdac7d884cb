-- Adds the entries of a write to the audit log. The positions in the log ascend with the ordinals.
INSERT INTO audit_log
    (user_id, write_id, ordinal, at, actor, note, answer, action, entity, entity_id, before, after)
SELECT $1, $2, $3 + position - 1, $4, $5, $6, CASE WHEN $3 + position = 1 THEN $7 END,
    action, entity, entity_id, before, after
FROM unnest($8, $9, $10, $11, $12) WITH ORDINALITY
    AS entry (action, entity, entity_id, before, after, position)
ORDER BY position
