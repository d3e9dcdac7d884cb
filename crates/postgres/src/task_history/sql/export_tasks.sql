-- The next tasks to export, in the order of their keys.
SELECT user_id, task_id, finished_status, finished_at, entries
FROM task_summary
WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
  AND last_updated >= $4 AND ($5::timestamptz IS NULL OR last_updated < $5)
  AND status = ANY ($6)
ORDER BY user_id, task_id
LIMIT $7
