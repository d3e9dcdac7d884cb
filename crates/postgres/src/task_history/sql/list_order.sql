ORDER BY last_updated DESC, task_id DESC
LIMIT $6
