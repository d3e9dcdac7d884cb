    -- A range for each status.
    (SELECT * FROM task_summary WHERE status = 'pending' AND 'pending' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'running' AND 'running' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'completed' AND 'completed' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'cancelled' AND 'cancelled' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'timed_out' AND 'timed_out' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
    UNION ALL
    (SELECT * FROM task_summary WHERE status = 'failed' AND 'failed' = ANY ($1)
     ORDER BY last_updated DESC, task_id DESC)
