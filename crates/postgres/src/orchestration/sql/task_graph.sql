-- Reads a task, those that it depends on, directly or not, and those that depend on it, each with
-- what it depends on itself. Reads at most so many in each direction, the nearest first.
WITH RECURSIVE before (task_id) AS (
    SELECT $2 COLLATE "C"
    UNION
    SELECT edge.prerequisite_id
    FROM before
    CROSS JOIN LATERAL (
        SELECT prerequisite_id FROM task_dependency
        WHERE user_id = $1 AND task_id = before.task_id
        ORDER BY prerequisite_id OFFSET 0) AS edge
), after (task_id) AS (
    SELECT $2 COLLATE "C"
    UNION
    SELECT edge.task_id
    FROM after
    CROSS JOIN LATERAL (
        SELECT task_id FROM task_dependency
        WHERE user_id = $1 AND prerequisite_id = after.task_id
        ORDER BY task_id OFFSET 0) AS edge
)
SELECT reached.task_id, title, parent_id, priority, state, attempts, counted_attempts, agent_id,
       open_dependencies, due_at, created_at, changed_at, error_code,
       ARRAY(SELECT prerequisite_id FROM task_dependency
             WHERE user_id = $1 AND task_id = reached.task_id ORDER BY prerequisite_id),
       ARRAY(SELECT waits_for FROM task_dependency
             WHERE user_id = $1 AND task_id = reached.task_id ORDER BY prerequisite_id)
FROM (
    (SELECT task_id FROM before LIMIT $3) UNION (SELECT task_id FROM after LIMIT $3)
) AS reached
CROSS JOIN LATERAL (
    SELECT state, attempts, counted_attempts, agent_id, open_dependencies, due_at, created_at,
           changed_at, error_code
    FROM task_state WHERE user_id = $1 AND task_id = reached.task_id OFFSET 0) AS progress
CROSS JOIN LATERAL (
    SELECT title, parent_id, priority FROM task
    WHERE user_id = $1 AND task_id = reached.task_id OFFSET 0) AS task
