-- The numbers of tasks and entries to export.
SELECT count(*) AS tasks, coalesce(sum(entries), 0)::bigint AS entries, count(finished_at) AS finishes
FROM task_summary
WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
  AND last_updated >= $4 AND ($5::timestamptz IS NULL OR last_updated < $5)
  AND status = ANY ($6)
