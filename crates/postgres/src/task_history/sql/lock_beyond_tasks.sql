    AS looked_for
    WHERE owner.user_id <> $1 OR $11 IS NULL
) AS last_kept
CROSS JOIN LATERAL (
    SELECT task_id, entries FROM task_summary
    WHERE user_id = owner.user_id
      AND task_id > CASE WHEN owner.user_id = $1 THEN $2 ELSE '' END
      AND task_id <= CASE WHEN owner.user_id = $8 THEN $9 ELSE $13 END
      AND (last_updated, task_id) < (last_kept.last_updated, last_kept.task_id)
      AND last_updated < $4 AND status = ANY ($5)
      AND (finished_at IS NOT NULL OR NOT $6 OR status IN ('pending', 'running'))
    ORDER BY task_id
    LIMIT $10
    FOR UPDATE SKIP LOCKED
) AS task
ORDER BY owner.user_id
LIMIT $10
