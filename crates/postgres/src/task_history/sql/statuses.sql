-- One probe of the summary's key for each requested task.
-- The two sources of the status are not in the list's index. With `status` itself, the planner
-- would use an index-only scan of that index, over all tasks of the user.
SELECT wanted.position, coalesce(summary.finished_status, summary.step_status) AS status
FROM unnest($1, $2) WITH ORDINALITY AS wanted (user_id, task_id, position)
JOIN task_summary AS summary USING (user_id, task_id)
