-- Reads a task with its dependencies.
SELECT title, description, parent_id, tags, requirements, required_capabilities, context,
       task.priority, task.max_attempts, task.time_limit,
       state, attempts, counted_attempts, agent_id, open_dependencies, due_at,
       task_state.created_at, changed_at, error_code,
       updated_at, version,
       ARRAY(SELECT prerequisite_id FROM task_dependency
             WHERE user_id = $1 AND task_id = $2 ORDER BY prerequisite_id) AS prerequisites,
       ARRAY(SELECT waits_for FROM task_dependency
             WHERE user_id = $1 AND task_id = $2 ORDER BY prerequisite_id) AS waits_for
FROM task_state JOIN task USING (user_id, task_id)
WHERE user_id = $1 AND task_id = $2
