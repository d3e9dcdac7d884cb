SELECT task.user_id, task.task_id, entries
FROM task_summary AS task JOIN last_kept ON last_kept.user_id = task.user_id
WHERE (task.user_id, task.task_id) > ($1, $2) AND task.user_id <= $3
  AND (task.user_id, task.task_id) <= ($8, $9)
  AND (task.last_updated, task.task_id) < (last_kept.last_updated, last_kept.task_id)
  AND task.last_updated < $4 AND status = ANY ($5) AND (finished_at IS NOT NULL OR NOT $6)
ORDER BY task.user_id, task.task_id
LIMIT $10
FOR UPDATE OF task SKIP LOCKED
