-- The last of the newest tasks of one user: the user whose tasks a call of remove_expired ends at.
SELECT last_kept.last_updated, last_kept.task_id
FROM (SELECT $1 AS user_id) AS owner
CROSS JOIN LATERAL
