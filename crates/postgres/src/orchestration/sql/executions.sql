-- A page of executions, newest first. Rows beyond the limit on bytes are returned without their
-- output and error message. The stored sizes of those are known without reading them.
SELECT task_id, attempt, agent_id, instance, state, assigned_at, started_at, closed_at, deadline,
       CASE WHEN is_within THEN output END, error_code, CASE WHEN is_within THEN error_message END,
       memory_usage_mb, cpu_time_ms, is_within
FROM (
    SELECT page.*,
           coalesce(sum(coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(error_message), 0))
               OVER (ORDER BY assigned_at DESC, task_id DESC, attempt DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < $7 AS is_within
    FROM (
        SELECT *
        FROM task_execution
        WHERE user_id = $1
          AND (assigned_at, task_id, attempt) < ($3, $4, $5)
