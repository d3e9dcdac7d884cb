-- An attempt, and the state of its task.
SELECT execution.state, execution.deadline, task.state
FROM task_execution AS execution JOIN task_state AS task USING (user_id, task_id)
WHERE execution.user_id = $1 AND execution.task_id = $2 AND execution.attempt = $3
