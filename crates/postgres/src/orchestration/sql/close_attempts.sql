-- Closes the executions of locked tasks, and writes what becomes of those tasks.
WITH closed AS MATERIALIZED (
    SELECT *
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        AS closed (user_id, task_id, attempt, end_state, output, error_code, error_message,
                   memory_usage_mb, cpu_time_ms, state, counted_attempts, due_at, task_error_code)
), execution AS (
    UPDATE task_execution AS execution
    SET state = closed.end_state, closed_at = $14, output = closed.output,
        error_code = closed.error_code, error_message = closed.error_message,
        memory_usage_mb = closed.memory_usage_mb, cpu_time_ms = closed.cpu_time_ms
    FROM closed
    WHERE execution.user_id = closed.user_id AND execution.task_id = closed.task_id
      AND execution.attempt = closed.attempt
)
UPDATE task_state AS task
SET state = closed.state, counted_attempts = closed.counted_attempts, agent_id = NULL,
    due_at = closed.due_at, claim_order = closed.due_at - task.priority * interval '1 minute',
    changed_at = $14, error_code = coalesce(closed.task_error_code, task.error_code)
FROM closed
WHERE task.user_id = closed.user_id AND task.task_id = closed.task_id
