-- What a report changed apart from its own task: the entries of its write after the first one.
SELECT action, entity_id
FROM audit_log
WHERE user_id = $1 AND write_id = $2 AND ordinal > 0
ORDER BY ordinal
