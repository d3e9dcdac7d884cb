-- Adds the entries that are not there yet and folds what was really added into the summaries.
--
-- The fold is monotone: a summary takes the status of the greatest (step, id) and never goes back,
-- so it is right in whatever order concurrent saves reach it, and a repeated save folds nothing.
-- Entries come sorted by task, so batches lock summaries in the same order and cannot deadlock.
WITH entry AS (
    SELECT *
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY
        AS entry (user_id, task_id, step, entry_id, recorded_at, status, error_code, result, position)
), added AS (
    INSERT INTO task_history
        (user_id, task_id, step, entry_id, recorded_at, status, error_code, result)
    SELECT user_id, task_id, step, entry_id, recorded_at, status, error_code, result
    FROM entry
    ORDER BY position
    ON CONFLICT (user_id, entry_id) DO NOTHING
    RETURNING user_id, task_id, step, entry_id, id, recorded_at, status, error_code
), newest AS (
    SELECT DISTINCT ON (user_id, task_id)
        user_id, task_id, step, id, status, error_code,
        count(*) OVER task AS entries,
        min(recorded_at) OVER task AS created_at,
        max(recorded_at) OVER task AS last_updated
    FROM added
    WINDOW task AS (PARTITION BY user_id, task_id)
    ORDER BY user_id, task_id, step DESC, id DESC
), folded AS (
    INSERT INTO task_summary AS summary
        (user_id, task_id, last_step, last_entry, step_status, error_code,
         entries, created_at, last_updated)
    SELECT user_id, task_id, step, id, status, error_code, entries, created_at, last_updated
    FROM newest
    ON CONFLICT (user_id, task_id) DO UPDATE SET
        last_step = CASE WHEN (excluded.last_step, excluded.last_entry)
            > (coalesce(summary.last_step, -1), coalesce(summary.last_entry, -1))
            THEN excluded.last_step ELSE summary.last_step END,
        last_entry = CASE WHEN (excluded.last_step, excluded.last_entry)
            > (coalesce(summary.last_step, -1), coalesce(summary.last_entry, -1))
            THEN excluded.last_entry ELSE summary.last_entry END,
        step_status = CASE WHEN (excluded.last_step, excluded.last_entry)
            > (coalesce(summary.last_step, -1), coalesce(summary.last_entry, -1))
            THEN excluded.step_status ELSE summary.step_status END,
        error_code = CASE WHEN (excluded.last_step, excluded.last_entry)
            > (coalesce(summary.last_step, -1), coalesce(summary.last_entry, -1))
            THEN excluded.error_code ELSE summary.error_code END,
        entries = summary.entries + excluded.entries,
        created_at = least(summary.created_at, excluded.created_at),
        last_updated = greatest(summary.last_updated, excluded.last_updated)
    RETURNING user_id, task_id, status
)
SELECT added.user_id, added.entry_id, folded.status
FROM added
JOIN folded USING (user_id, task_id)
