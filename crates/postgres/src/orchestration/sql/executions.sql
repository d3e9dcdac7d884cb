-- A page of executions, newest first, each with the number of rows that were read. Those beyond the
-- limit on bytes are left out. The sizes of outputs and messages are known without reading them.
SELECT read, task_id, attempt, agent_id, instance, state, assigned_at, started_at, closed_at,
       deadline, output, error_code, error_message, memory_usage_mb, cpu_time_ms
FROM (
    SELECT page.*, count(*) OVER () AS read,
           sum(coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(error_message), 0))
               OVER (ORDER BY assigned_at DESC, task_id DESC, attempt DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (
        SELECT *
        FROM task_execution
        WHERE user_id = $1
          AND (assigned_at, task_id, attempt) < ($3, $4, $5)
