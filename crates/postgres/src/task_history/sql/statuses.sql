-- One probe of the summary's key for each task that somebody asks about.
-- The two sources of the status are no part of the list's index: with `status` itself the planner takes
-- that index, and so reads all tasks of the user without a look at the table.
SELECT wanted.position, coalesce(summary.finished_status, summary.step_status) AS status
FROM unnest($1, $2) WITH ORDINALITY AS wanted (user_id, task_id, position)
JOIN task_summary AS summary USING (user_id, task_id)
