-- Counts what a policy covers.
SELECT count(*) AS tasks, coalesce(sum(entries), 0)::bigint AS entries
FROM task_summary
WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
  AND last_updated < $4 AND status = ANY ($5)
  AND (finished_at IS NOT NULL OR NOT $6 OR status IN ('pending', 'running'))
