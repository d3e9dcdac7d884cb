-- Locks the blocked tasks that the end of some tasks may change, by ascending id, and returns them
-- as they are then. A task that ended without success skips the tasks for which it had to succeed,
-- so the tasks that depend on those are locked, too.
WITH RECURSIVE reached (task_id, failed, is_dependant) AS (
    SELECT task_id COLLATE "C", failed, false FROM unnest($2, $3) AS ended (task_id, failed)
    UNION
    SELECT edge.task_id, reached.failed AND edge.waits_for = 'success', true
    FROM reached
    CROSS JOIN LATERAL (
        SELECT task_id, waits_for FROM task_dependency
        WHERE user_id = $1 AND prerequisite_id = reached.task_id OFFSET 0) AS edge
    CROSS JOIN LATERAL (
        SELECT FROM task_state
        WHERE user_id = $1 AND task_id = edge.task_id AND state = 'blocked' OFFSET 0) AS blocked
    WHERE reached.failed OR NOT reached.is_dependant
), dependant AS (
    SELECT task_id, bool_or(failed) AS may_be_skipped FROM reached
    WHERE is_dependant
    GROUP BY task_id
    ORDER BY task_id
)
SELECT locked.*, may_be_skipped
FROM dependant
-- One by one, in that order.
CROSS JOIN LATERAL (
    SELECT task_id, state, open_dependencies FROM task_state
    WHERE user_id = $1 AND task_id = dependant.task_id
    FOR NO KEY UPDATE) AS locked
