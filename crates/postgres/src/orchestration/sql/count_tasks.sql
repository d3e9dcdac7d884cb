-- Counts the tasks of an owner by state.
SELECT state, count(*) FROM task_state WHERE user_id = $1 GROUP BY state
