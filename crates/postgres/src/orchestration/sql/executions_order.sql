        ORDER BY assigned_at DESC, task_id DESC, attempt DESC
        LIMIT $6
    ) AS page
) AS measured
WHERE coalesce(bytes_before, 0) < $7
ORDER BY assigned_at DESC, task_id DESC, attempt DESC
