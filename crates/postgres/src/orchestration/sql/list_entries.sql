-- The entries of an owner, from the latest, each with the number of entries that were read. Entries
-- beyond the limit on bytes are left out. The stored size of a field is known without reading it.
SELECT read, write_id, ordinal, id, at, actor, action, entity, entity_id, before, after, note
FROM (
    SELECT listed.*, count(*) OVER () AS read,
        sum(coalesce(pg_column_size(before), 0) + coalesce(pg_column_size(after), 0))
            OVER (ORDER BY at DESC, id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT write_id, ordinal, id, at, actor, action, entity, entity_id, before, after, note
        FROM audit_log
        WHERE user_id = $1 AND at >= $2 AND (at, id) < ($3, $4) AND ($5 IS NULL OR action = $5)
