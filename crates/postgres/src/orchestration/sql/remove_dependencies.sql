-- Removes dependencies of a locked task on locked ones, and writes what it is then.
WITH removed AS (
    DELETE FROM task_dependency
    WHERE user_id = $1 AND task_id = $2 AND prerequisite_id = ANY ($3)
), counted AS (
    UPDATE task_state AS prerequisite SET dependants = prerequisite.dependants - 1
    FROM unnest($3) AS removed (task_id)
    WHERE prerequisite.user_id = $1 AND prerequisite.task_id = removed.task_id
), changed AS (
    UPDATE task SET updated_at = $6 WHERE user_id = $1 AND task_id = $2
)
UPDATE task_state SET
    open_dependencies = $5, state = $4,
    due_at = CASE WHEN state = $4 THEN due_at ELSE $6 END,
    claim_order = CASE WHEN state = $4 THEN claim_order
                       ELSE $6 - priority * interval '1 minute' END,
    changed_at = CASE WHEN state = $4 THEN changed_at ELSE $6 END
WHERE user_id = $1 AND task_id = $2
