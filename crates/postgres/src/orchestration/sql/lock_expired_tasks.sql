-- Locks the next tasks that a retention covers, in the order of their keys. A task that another
-- transaction has locked is passed.
SELECT user_id, task_id
FROM task_state
WHERE (user_id, task_id) > ($5, $6) AND user_id >= $1 AND user_id <= $2
  AND state = ANY ($3) AND changed_at < $4
ORDER BY user_id, task_id
LIMIT $7
FOR UPDATE SKIP LOCKED
