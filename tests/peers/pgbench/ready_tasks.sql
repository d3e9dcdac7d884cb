INSERT INTO task_state (user_id, task_id, queue_id, state, attempts, counted_attempts, max_attempts,
                        priority, open_dependencies, dependants, due_at, claim_order, created_at, changed_at)
SELECT 'bench', 'task-' || n, 1, 'ready', 0, 0, 3, 0, 0, 0, now(), now() + n * interval '1 us', now(), now()
FROM generate_series(1, 200000) AS n
