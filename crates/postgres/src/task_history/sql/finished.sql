-- How tasks were finished.
SELECT summary.user_id, summary.task_id, summary.finished_status, summary.finished_at
FROM unnest($1, $2) AS wanted (user_id, task_id)
JOIN task_summary AS summary USING (user_id, task_id)
