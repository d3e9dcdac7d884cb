          AND task_id = $2
