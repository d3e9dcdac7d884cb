-- Selects and locks the tasks to remove: those that the policy covers and that no session is
-- writing to.
INSERT INTO removed
SELECT task.user_id, task.task_id, task.entries, here.entries
FROM here
JOIN task_summary AS task ON task.user_id = here.user_id AND task.task_id = here.task_id
WHERE task.last_updated < $1 AND task.status = ANY ($2)
AND (task.finished_at IS NOT NULL OR NOT $3 OR task.status IN ('pending', 'running'))
FOR UPDATE OF task SKIP LOCKED
