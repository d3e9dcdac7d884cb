-- Locks a task and its descendants by ascending id, and returns how far they are.
WITH RECURSIVE family (task_id) AS (
    SELECT $2 COLLATE "C"
    UNION
    SELECT part.task_id
    FROM family
    CROSS JOIN LATERAL (
        SELECT task_id FROM task
        WHERE user_id = $1 AND parent_id = family.task_id
        ORDER BY created_at, task_id OFFSET 0) AS part
), member AS (
    SELECT task_id FROM family ORDER BY task_id
)
SELECT locked.*
FROM member
CROSS JOIN LATERAL (
    SELECT task_id, state, open_dependencies, dependants, changed_at FROM task_state
    WHERE user_id = $1 AND task_id = member.task_id
    FOR NO KEY UPDATE) AS locked
-- Lock timeout of each row, as in a save of the task history.
WHERE (SELECT set_config('lock_timeout', coalesce(
    CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $3 END,
    current_setting('lock_timeout')), true)) IS NOT NULL
