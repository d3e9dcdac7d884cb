-- A page of a user's tasks, merged from one index range for each requested status. The ranges
-- are in the order of the list, so none is read further than the page requires.
SELECT task_id, status, finished_at, last_step, error_code, entries, created_at, last_updated
FROM (
