-- Makes a locked task ready, with a new context if there is one.
WITH answered AS (
    UPDATE task SET context = $4, version = version + 1, updated_at = $3
    WHERE user_id = $1 AND task_id = $2 AND context <> $4
)
UPDATE task_state
SET state = 'ready', due_at = $3, claim_order = $3 - priority * interval '1 minute', changed_at = $3
WHERE user_id = $1 AND task_id = $2
