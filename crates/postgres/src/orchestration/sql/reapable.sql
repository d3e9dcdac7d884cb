-- Locks the tasks of open executions whose agent is offline or whose deadline passed, and returns
-- the attempts. Skips tasks that others have locked, so it never waits.
--
-- Ids are never empty, so the first condition makes all presences a range of their key. An execution
-- is in one of the two parts, so each counts once towards the limit.
SELECT task.user_id, task.task_id, expired.attempt
FROM (
    SELECT execution.*
    FROM agent_presence AS presence
    CROSS JOIN LATERAL (
        SELECT user_id, task_id, attempt
        FROM task_execution
        WHERE user_id = presence.user_id AND agent_id = presence.agent_id AND closed_at IS NULL
        OFFSET 0) AS execution
    WHERE presence.user_id > '' AND presence.open_executions > 0 AND presence.lease_until < $1
    UNION ALL
    SELECT user_id, task_id, attempt
    FROM task_execution
    WHERE closed_at IS NULL AND deadline < $1
      AND EXISTS (
        SELECT FROM agent_presence
        WHERE user_id = task_execution.user_id AND agent_id = task_execution.agent_id
          AND lease_until >= $1)
) AS expired
CROSS JOIN LATERAL (
    SELECT user_id, task_id
    FROM task_state
    WHERE user_id = expired.user_id AND task_id = expired.task_id AND attempts = expired.attempt
      AND state IN ('assigned', 'running')
    FOR NO KEY UPDATE SKIP LOCKED) AS task
LIMIT $2
