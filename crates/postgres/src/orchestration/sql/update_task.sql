-- Writes the new definition of a locked task.
WITH state AS (
    UPDATE task_state SET
        priority = $8, max_attempts = $9,
        claim_order = due_at - $8 * interval '1 minute'
    WHERE user_id = $1 AND task_id = $2 AND (priority <> $8 OR max_attempts <> $9)
)
UPDATE task SET
    title = $3, description = $4, tags = $5, requirements = $6, context = $7, priority = $8,
    max_attempts = $9, updated_at = $10, version = version + 1
WHERE user_id = $1 AND task_id = $2
