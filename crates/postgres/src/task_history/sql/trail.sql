-- All revisions of a task in the order of their acceptance. Rows beyond the limit on bytes are
-- returned without their result. The stored size of a result is known without reading it.
SELECT id, step, entry_id, recorded_at, CASE WHEN coalesce(bytes_before, 0) < $5 THEN result END
FROM (
    SELECT id, step, entry_id, recorded_at, result,
           sum(pg_column_size(result))
               OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT id, step, entry_id, recorded_at, result
        FROM task_history
        WHERE user_id = $1 AND task_id = $2 AND id > $3
        ORDER BY id
        LIMIT $4
    ) AS revision
) AS page
ORDER BY id
