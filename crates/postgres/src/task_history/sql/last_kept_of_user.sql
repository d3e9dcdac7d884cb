-- The last of the newest tasks of one user, at whose tasks a call of remove_expired ends.
SELECT last_kept.last_updated, last_kept.task_id
FROM (SELECT $1 AS user_id) AS owner
CROSS JOIN LATERAL
