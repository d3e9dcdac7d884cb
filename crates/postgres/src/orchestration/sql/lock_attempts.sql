-- Locks the tasks of attempts, in the order given, and returns those whose attempt is open.
SELECT wanted.position, task.state, task.agent_id, task.counted_attempts, task.max_attempts
FROM unnest($1, $2, $3) WITH ORDINALITY AS wanted (user_id, task_id, attempt, position)
CROSS JOIN LATERAL (
    SELECT state, agent_id, counted_attempts, max_attempts
    FROM task_state
    WHERE user_id = wanted.user_id AND task_id = wanted.task_id AND attempts = wanted.attempt
      AND state IN ('assigned', 'running')
    FOR NO KEY UPDATE) AS task
-- Lock timeout of each row, as in a save.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $4 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
