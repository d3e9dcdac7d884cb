) AS task
WHERE user_id = $2
  AND last_updated >= $3
  AND (last_updated, task_id) < ($4, $5)
  AND ($8 IS NULL OR (finished_at IS NOT NULL) = $8)
