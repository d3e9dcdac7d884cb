-- Locks the next tasks that a policy covers, in the order of their keys. A task that
-- another transaction is writing to is skipped; one that was just written to is checked again in its
-- new state.
SELECT user_id, task_id, entries
FROM task_summary
WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3 AND (user_id, task_id) <= ($8, $9)
  AND last_updated < $4 AND status = ANY ($5)
  AND (finished_at IS NOT NULL OR NOT $6 OR status IN ('pending', 'running'))
ORDER BY user_id, task_id
LIMIT $10
FOR UPDATE SKIP LOCKED
