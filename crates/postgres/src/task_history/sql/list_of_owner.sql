) AS task
WHERE user_id = owner.user_id
  AND last_updated >= $3
  -- The page starts within the tasks of the first user.
  AND (last_updated, task_id) < (
      CASE WHEN owner.user_id = $2 THEN $4 ELSE $10 END,
      CASE WHEN owner.user_id = $2 THEN $5 ELSE '' END)
  AND ($8 IS NULL OR (finished_at IS NOT NULL) = $8)
