-- The trails of the given tasks, one after the other.
SELECT task.position, entry.step, entry.entry_id, entry.recorded_at, entry.result
FROM unnest($1, $2) WITH ORDINALITY AS task (user_id, task_id, position)
JOIN task_history AS entry ON entry.user_id = task.user_id AND entry.task_id = task.task_id
ORDER BY task.position, entry.id
