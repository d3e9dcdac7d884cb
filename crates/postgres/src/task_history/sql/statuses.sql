-- One probe of the summary's key for each task that somebody asks about.
SELECT wanted.position, summary.status
FROM unnest($1, $2) WITH ORDINALITY AS wanted (user_id, task_id, position)
JOIN task_summary AS summary USING (user_id, task_id)
