-- The ready tasks of an owner by queue, and those that are due at an instant.
SELECT queue.required_capabilities, waiting.ready, waiting.due, waiting.due_since
FROM (
    SELECT queue_id, count(*) AS ready,
           count(*) FILTER (WHERE due_at <= $2) AS due,
           min(due_at) FILTER (WHERE due_at <= $2) AS due_since
    FROM task_state
    WHERE user_id = $1 AND state = 'ready'
    GROUP BY queue_id
) AS waiting
CROSS JOIN LATERAL (
    SELECT required_capabilities
    FROM task_queue
    WHERE user_id = $1 AND queue_id = waiting.queue_id
    OFFSET 0) AS queue
