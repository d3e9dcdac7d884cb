-- How much a policy covers that keeps the newest tasks of each user.
WITH owner AS (
    SELECT DISTINCT user_id FROM task_summary
    WHERE (user_id, task_id) > ($1, $2) AND user_id <= $3
)
