-- Of attempts whose tasks are locked, those that still have to be closed: whether the agent of each
-- is offline, otherwise its deadline passed.
SELECT wanted.position, presence.lease_until < $4
FROM unnest($1, $2, $3) WITH ORDINALITY AS wanted (user_id, task_id, attempt, position)
CROSS JOIN LATERAL (
    SELECT agent_id, deadline
    FROM task_execution
    WHERE user_id = wanted.user_id AND task_id = wanted.task_id AND attempt = wanted.attempt
      AND closed_at IS NULL
    OFFSET 0) AS execution
CROSS JOIN LATERAL (
    SELECT lease_until
    FROM agent_presence
    WHERE user_id = wanted.user_id AND agent_id = execution.agent_id
    OFFSET 0) AS presence
WHERE presence.lease_until < $4 OR execution.deadline < $4
ORDER BY wanted.position
