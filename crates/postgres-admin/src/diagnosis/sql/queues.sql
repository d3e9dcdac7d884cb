-- The owner with the most sets of required capabilities.
SELECT user_id, count(*) AS queues
FROM task_queue
GROUP BY user_id
ORDER BY count(*) DESC, user_id
LIMIT 1
