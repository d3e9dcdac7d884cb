-- Entries that were saved before, and the current status of their tasks, read as in statuses.sql.
SELECT entry.user_id, entry.entry_id, entry.task_id, entry.step, entry.recorded_at, entry.result,
       coalesce(summary.finished_status, summary.step_status) AS status
FROM unnest($1, $2) AS wanted (user_id, entry_id)
JOIN task_history AS entry USING (user_id, entry_id)
JOIN task_summary AS summary USING (user_id, task_id)
