), edge AS (
    SELECT removable.user_id, removable.task_id, edge.prerequisite_id
    FROM removable
    CROSS JOIN LATERAL (
        SELECT prerequisite_id FROM task_dependency
        WHERE user_id = removable.user_id AND task_id = removable.task_id OFFSET 0) AS edge
    CROSS JOIN LATERAL (
        SELECT FROM task_state
        WHERE user_id = removable.user_id AND task_id = edge.prerequisite_id
          AND state IN ('blocked', 'ready', 'assigned', 'running', 'waiting') OFFSET 0) AS open
), locked AS (
    SELECT locked.*
    FROM (SELECT DISTINCT user_id, prerequisite_id FROM edge) AS wanted
    CROSS JOIN LATERAL (
        SELECT user_id, task_id FROM task_state
        WHERE user_id = wanted.user_id AND task_id = wanted.prerequisite_id
        FOR NO KEY UPDATE SKIP LOCKED) AS locked
), waiting AS (
    SELECT edge.user_id, edge.task_id
    FROM edge
    LEFT JOIN locked
        ON locked.user_id = edge.user_id AND locked.task_id = edge.prerequisite_id
    WHERE locked.task_id IS NULL
)
SELECT user_id, task_id FROM removable
EXCEPT
SELECT user_id, task_id FROM waiting
