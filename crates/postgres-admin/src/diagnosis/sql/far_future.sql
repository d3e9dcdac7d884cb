-- Tasks whose last activity is more than a day ahead of the server's clock, furthest first. Reads all
-- tasks.
SELECT user_id, task_id, last_updated, count(*) OVER () AS tasks
FROM task_summary
WHERE last_updated > now() + interval '1 day'
ORDER BY last_updated DESC
LIMIT 3
