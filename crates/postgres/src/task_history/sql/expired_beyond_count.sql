SELECT count(*) AS tasks, coalesce(sum(entries), 0)::bigint AS entries
FROM task_summary AS task JOIN last_kept USING (user_id)
WHERE (user_id, task.task_id) > ($1, $2) AND user_id <= $3
  AND (task.last_updated, task.task_id) < (last_kept.last_updated, last_kept.task_id)
  AND task.last_updated < $4 AND status = ANY ($5) AND (finished_at IS NOT NULL OR NOT $6)
