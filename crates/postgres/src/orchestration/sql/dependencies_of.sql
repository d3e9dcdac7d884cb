-- Reads what a task depends on, by ascending id.
SELECT prerequisite_id, waits_for FROM task_dependency
WHERE user_id = $1 AND task_id = $2
ORDER BY prerequisite_id
