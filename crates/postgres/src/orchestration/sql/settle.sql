-- Writes what became of locked tasks because tasks that they depend on have ended.
UPDATE task_state AS task SET
    state = settled.state,
    open_dependencies = settled.open_dependencies,
    due_at = CASE WHEN settled.state = 'ready' THEN $5 END,
    claim_order = CASE WHEN settled.state = 'ready'
                       THEN $5 - task.priority * interval '1 minute' END,
    changed_at = CASE WHEN settled.state = task.state THEN task.changed_at ELSE $5 END
FROM unnest($2, $3, $4) AS settled (task_id, state, open_dependencies)
WHERE task.user_id = $1 AND task.task_id = settled.task_id
