    -- The last of the newest tasks of this user, merged from the ranges of the list index.
    (SELECT last_updated, task_id
     FROM (
        (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'pending'
         ORDER BY last_updated DESC, task_id DESC)
        UNION ALL
        (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'running'
         ORDER BY last_updated DESC, task_id DESC)
        UNION ALL
        (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'completed'
         ORDER BY last_updated DESC, task_id DESC)
        UNION ALL
        (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'cancelled'
         ORDER BY last_updated DESC, task_id DESC)
        UNION ALL
        (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'timed_out'
         ORDER BY last_updated DESC, task_id DESC)
        UNION ALL
        (SELECT user_id, last_updated, task_id FROM task_summary WHERE status = 'failed'
         ORDER BY last_updated DESC, task_id DESC)
     ) AS every_status
     WHERE every_status.user_id = owner.user_id
     ORDER BY last_updated DESC, task_id DESC
     OFFSET $7 - 1 LIMIT 1)
