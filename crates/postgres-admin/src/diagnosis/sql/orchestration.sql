-- What must hold for agents and tasks, with the number of violations and one of them. Reads all open
-- tasks and executions.
WITH open_task AS (
    SELECT user_id, task_id, state, open_dependencies
    FROM task_state
    WHERE state IN ('blocked', 'ready', 'assigned', 'running', 'waiting')
), violation AS (
    SELECT 'tasks have two open executions' AS problem, user_id, task_id AS id
    FROM task_execution WHERE closed_at IS NULL
    GROUP BY user_id, task_id HAVING count(*) > 1
    UNION ALL
    SELECT 'agents have a number of open executions that is not theirs', user_id, agent_id
    FROM agent_presence AS agent
    WHERE open_executions <> (
        SELECT count(*) FROM task_execution AS execution
        WHERE execution.user_id = agent.user_id AND execution.agent_id = agent.agent_id
            AND execution.closed_at IS NULL)
    UNION ALL
    SELECT 'tasks have a number of open dependencies that is not theirs', user_id, task_id
    FROM open_task
    WHERE open_dependencies <> (
        SELECT count(*)
        FROM task_dependency AS edge
        JOIN task_state AS prerequisite
            ON prerequisite.user_id = edge.user_id AND prerequisite.task_id = edge.prerequisite_id
        WHERE edge.user_id = open_task.user_id AND edge.task_id = open_task.task_id
            AND prerequisite.state IN ('blocked', 'ready', 'assigned', 'running', 'waiting'))
    UNION ALL
    SELECT 'tasks are executed without an open execution', user_id, task_id
    FROM open_task
    WHERE state IN ('assigned', 'running') AND NOT EXISTS (
        SELECT FROM task_execution AS execution
        WHERE execution.user_id = open_task.user_id AND execution.task_id = open_task.task_id
            AND execution.closed_at IS NULL)
)
SELECT problem, count(*) AS violations, min(user_id) AS user_id,
    (array_agg(id ORDER BY user_id, id))[1] AS id
FROM violation
GROUP BY problem
ORDER BY problem
