-- A page of the tasks of an owner, merged from one index range for each requested state. The ranges
-- are in the order of the list, so none is read further than the page requires.
SELECT listed.task_id, title, parent_id, task.priority, state, attempts, counted_attempts, agent_id,
       open_dependencies, due_at, created_at, changed_at, error_code
FROM (
    SELECT * FROM (
    (SELECT * FROM task_state WHERE state = 'blocked' AND 'blocked' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'ready' AND 'ready' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'assigned' AND 'assigned' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'running' AND 'running' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'waiting' AND 'waiting' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'completed' AND 'completed' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'failed' AND 'failed' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'cancelled' AND 'cancelled' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'timed_out' AND 'timed_out' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_state WHERE state = 'skipped' AND 'skipped' = ANY ($2)
     ORDER BY created_at DESC, task_id DESC)
    ) AS every_state
    WHERE user_id = $1 AND created_at >= $3 AND (created_at, task_id) < ($4, $5)
    ORDER BY created_at DESC, task_id DESC
    LIMIT $6
) AS listed
CROSS JOIN LATERAL (
    SELECT title, parent_id, priority FROM task
    -- A range, so that the order keeps the planner on the key, even without statistics.
    WHERE user_id = $1 AND task_id >= listed.task_id AND task_id <= listed.task_id
    ORDER BY task_id LIMIT 1) AS task
ORDER BY created_at DESC, listed.task_id DESC
