-- The newest revision of each step of a task. Rows beyond the limit on bytes are returned without
-- their result. The stored size of a result is known without reading it.
SELECT step, entry_id, recorded_at, CASE WHEN coalesce(bytes_before, 0) < $5 THEN result END
FROM (
    SELECT step, entry_id, recorded_at, result,
           sum(pg_column_size(result))
               OVER (ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT DISTINCT ON (step) step, entry_id, recorded_at, result
        FROM task_history
        WHERE user_id = $1 AND task_id = $2 AND step > $3
        ORDER BY step, id DESC
        LIMIT $4
    ) AS newest
) AS page
ORDER BY step
