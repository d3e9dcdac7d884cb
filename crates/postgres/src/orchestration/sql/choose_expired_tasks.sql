-- Chooses those of the locked tasks that can be removed, and locks the open tasks that they depend
-- on. One of which such a task is locked by another transaction is not chosen: it would wait for it.
WITH removable AS (
    SELECT task.* FROM unnest($1, $2) AS task (user_id, task_id)
    WHERE
