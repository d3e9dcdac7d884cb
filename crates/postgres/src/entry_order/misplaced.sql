-- Tasks with a step whose newest revision is older than another one, by the recording times and by
-- the times in the entry ids, which the callers set.
SELECT user_id, task_id, count(*) OVER () AS tasks
FROM (
    SELECT DISTINCT user_id, task_id
    FROM (
        SELECT user_id, task_id, recorded_at, entry_id,
               first_value(recorded_at) OVER step AS newest_at,
               first_value(entry_id) OVER step AS newest_entry
        FROM task_history
        WINDOW step AS (PARTITION BY user_id, task_id, step ORDER BY id DESC)
    ) AS revision
    WHERE recorded_at > newest_at + $1 * interval '1 second' AND entry_id > newest_entry
) AS task
ORDER BY user_id, task_id
LIMIT $2
