-- Reads the tasks that the given ones depend on, directly or not, each with what it depends on
-- itself. Reads at most so many tasks, the nearest first.
WITH RECURSIVE reached (task_id) AS (
    SELECT task_id COLLATE "C" FROM unnest($2) AS start (task_id)
    UNION
    SELECT edge.prerequisite_id
    FROM reached
    CROSS JOIN LATERAL (
        SELECT prerequisite_id FROM task_dependency
        WHERE user_id = $1 AND task_id = reached.task_id
        ORDER BY prerequisite_id OFFSET 0) AS edge
)
SELECT task.task_id, ARRAY(
    SELECT prerequisite_id FROM task_dependency
    WHERE user_id = $1 AND task_id = task.task_id
    ORDER BY prerequisite_id) AS prerequisites
FROM (SELECT task_id FROM reached LIMIT $3) AS task
