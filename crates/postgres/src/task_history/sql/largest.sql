-- The task with the most entries among the first ones in scope: all of them would take too long.
SELECT user_id, task_id, entries
FROM (SELECT user_id, task_id, entries FROM task_summary
      WHERE user_id BETWEEN $1 AND $2 AND task_id BETWEEN $3 AND $4
      ORDER BY user_id, task_id
      LIMIT 10000) AS first
ORDER BY entries DESC
LIMIT 1
