-- The first entry of a write, by which a repetition is recognized and answered.
SELECT action, entity, entity_id, after, answer
FROM audit_log
WHERE user_id = $1 AND write_id = $2 AND ordinal = 0
