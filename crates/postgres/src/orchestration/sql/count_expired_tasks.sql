-- Counts the tasks that a retention removes.
SELECT count(*)
FROM task_state AS task
WHERE user_id >= $1 AND user_id <= $2 AND state = ANY ($3) AND changed_at < $4
  AND
