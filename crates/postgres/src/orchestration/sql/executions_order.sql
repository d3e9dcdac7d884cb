        ORDER BY assigned_at DESC, task_id DESC, attempt DESC
        LIMIT $6
    ) AS page
) AS measured
ORDER BY assigned_at DESC, task_id DESC, attempt DESC
