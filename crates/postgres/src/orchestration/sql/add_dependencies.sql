-- Adds dependencies of a locked task on locked ones, and writes what it is then.
WITH added AS (
    INSERT INTO task_dependency (user_id, task_id, prerequisite_id, waits_for)
    SELECT $1, $2, prerequisite_id, waits_for
    FROM unnest($3, $7) AS added (prerequisite_id, waits_for)
), counted AS (
    UPDATE task_state AS prerequisite SET dependants = prerequisite.dependants + 1
    FROM unnest($3) AS added (task_id)
    WHERE prerequisite.user_id = $1 AND prerequisite.task_id = added.task_id
), changed AS (
    UPDATE task SET updated_at = $6 WHERE user_id = $1 AND task_id = $2
), numbered AS (
    UPDATE task_graph SET changes = changes + 1 WHERE user_id = $1
)
UPDATE task_state SET
    open_dependencies = $5, state = $4,
    due_at = CASE WHEN $4 = 'ready' THEN due_at END,
    claim_order = CASE WHEN $4 = 'ready' THEN claim_order END,
    changed_at = CASE WHEN state = $4 THEN changed_at ELSE $6 END
WHERE user_id = $1 AND task_id = $2
