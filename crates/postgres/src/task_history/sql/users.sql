-- A page of the users who have tasks, by one index probe each.
WITH RECURSIVE owner AS (
    (SELECT user_id FROM task_summary
     WHERE user_id >= $1 AND user_id > $2 AND user_id <= $3
     ORDER BY user_id
     LIMIT 1)
    UNION ALL
    SELECT next.user_id
    FROM owner
    CROSS JOIN LATERAL (
        SELECT user_id FROM task_summary
        WHERE user_id > owner.user_id AND user_id <= $3
        ORDER BY user_id
        LIMIT 1
    ) AS next
)
SELECT user_id
FROM owner
LIMIT $4
