-- One row for each status that occurs, each with the number of all users and steps in scope.
WITH tasks AS (
    SELECT user_id, status, count(*) AS tasks, sum(entries) AS entries,
           count(*) FILTER (WHERE finished_at IS NULL) AS open_tasks
    FROM task_summary
    WHERE user_id BETWEEN $1 AND $2
    GROUP BY user_id, status
), steps AS (
    SELECT DISTINCT user_id, task_id, step
    FROM task_history
    WHERE user_id BETWEEN $1 AND $2
)
SELECT status,
       sum(tasks)::bigint AS tasks,
       sum(open_tasks)::bigint AS open_tasks,
       sum(entries)::bigint AS entries,
       (SELECT count(DISTINCT user_id) FROM tasks) AS users,
       (SELECT count(*) FROM steps) AS steps
FROM tasks
GROUP BY status
