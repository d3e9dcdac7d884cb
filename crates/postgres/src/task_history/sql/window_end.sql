-- The last of a number of tasks after a given key, in the order of their keys.
SELECT user_id, task_id
FROM task_summary
WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
ORDER BY user_id, task_id
OFFSET $4 LIMIT 1
