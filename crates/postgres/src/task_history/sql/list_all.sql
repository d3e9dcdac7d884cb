-- A page of the tasks of all users, user by user. The users come from one index probe each, and the
-- tasks of each user are merged as in list.sql. Nothing is read after the page is full.
WITH RECURSIVE owner AS (
    SELECT $2 COLLATE "C" AS user_id WHERE $2 COLLATE "C" <= $9
    UNION ALL
    SELECT next.user_id
    FROM owner
    CROSS JOIN LATERAL (
        SELECT user_id FROM task_summary
        WHERE user_id > owner.user_id AND user_id <= $9
        ORDER BY user_id
        LIMIT 1
    ) AS next
)
SELECT owner.user_id, listed.*
FROM owner
CROSS JOIN LATERAL (
SELECT task_id, status, finished_at, last_step, error_code, entries, created_at, last_updated
FROM (
