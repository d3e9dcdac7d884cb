-- Removes locked tasks that have ended, with their dependencies in both directions and executions.
WITH task_key AS (
    SELECT * FROM unnest($1, $2) AS task_key (user_id, task_id)
), needed AS (
    DELETE FROM task_dependency AS edge USING task_key
    WHERE edge.user_id = task_key.user_id AND edge.task_id = task_key.task_id
    RETURNING edge.user_id, edge.prerequisite_id
), needing AS (
    DELETE FROM task_dependency AS edge USING task_key
    WHERE edge.user_id = task_key.user_id AND edge.prerequisite_id = task_key.task_id
), counted AS (
    -- The count of a task is used when it ends, so it matters only for open ones. Those are locked.
    UPDATE task_state AS prerequisite SET dependants = prerequisite.dependants - removed.dependants
    FROM (
        SELECT user_id, prerequisite_id, count(*) AS dependants FROM needed GROUP BY 1, 2
    ) AS removed
    WHERE prerequisite.user_id = removed.user_id AND prerequisite.task_id = removed.prerequisite_id
      AND prerequisite.state IN ('blocked', 'ready', 'assigned', 'running', 'waiting')
), execution AS (
    DELETE FROM task_execution AS execution USING task_key
    WHERE execution.user_id = task_key.user_id AND execution.task_id = task_key.task_id
), state AS (
    DELETE FROM task_state AS state USING task_key
    WHERE state.user_id = task_key.user_id AND state.task_id = task_key.task_id
)
DELETE FROM task USING task_key
WHERE task.user_id = task_key.user_id AND task.task_id = task_key.task_id
