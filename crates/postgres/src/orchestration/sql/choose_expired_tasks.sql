-- Chooses those of the locked tasks that can be removed, and locks the open tasks that they depend
-- on. A task is not chosen if another transaction has locked one of those: it would wait for it.
WITH removable AS (
    SELECT task.* FROM unnest($1, $2) AS task (user_id, task_id)
    WHERE
