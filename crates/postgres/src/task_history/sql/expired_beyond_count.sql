AS last_kept
CROSS JOIN LATERAL (
    SELECT count(*) AS tasks, sum(entries) AS entries FROM task_summary
    WHERE user_id = owner.user_id
      AND (last_updated, task_id) < (last_kept.last_updated, last_kept.task_id)
      AND last_updated < $4 AND status = ANY ($5)
      AND (finished_at IS NOT NULL OR NOT $6 OR status IN ('pending', 'running'))
) AS beyond
