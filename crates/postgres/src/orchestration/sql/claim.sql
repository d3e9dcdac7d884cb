-- Gives an agent the most urgent tasks that it can do. Returns one row for each task, or one row
-- without a task. Each has whether the agent was locked, and what is known of the write and of the
-- agent.
--
-- Only queues with a due task are visited. Without one, the statement locks and writes nothing, so
-- agents can poll at the cost of a read. The lock on the presence serializes the claims of an
-- agent. Tasks that others have locked are skipped, so a claim waits for nothing else.
WITH known AS MATERIALIZED (
    -- The entries of this write, if it is a repetition. Only the key has them in this order.
    SELECT ordinal, at, action, entity_id, after
    FROM audit_log
    WHERE user_id = $1 AND write_id = $6
    ORDER BY ordinal
), seen AS MATERIALIZED (
    SELECT instance, state, lease_until, capacity, open_executions
    FROM agent_presence
    WHERE user_id = $1 AND agent_id = $2
), offer AS MATERIALIZED (
    SELECT capabilities - 'agent_type' || jsonb_build_object('agent_type', agent_type) AS capabilities
    FROM agent
    WHERE user_id = $1 AND agent_id = $2
      AND NOT EXISTS (SELECT FROM known)
      AND EXISTS (
        SELECT FROM seen
        WHERE instance = $3 AND state = 'active' AND $4 <= lease_until AND open_executions < capacity)
), queue AS MATERIALIZED (
    -- The limit keeps the planner from reading the ready tasks of all queues for a semi-join.
    SELECT fitting.queue_id, due.claim_order, due.task_id
    FROM (
        SELECT task_queue.queue_id
        FROM offer CROSS JOIN task_queue
        WHERE task_queue.user_id = $1 AND offer.capabilities @> task_queue.required_capabilities
        OFFSET 0
    ) AS fitting CROSS JOIN LATERAL (
        SELECT claim_order, task_id
        FROM task_state
        WHERE user_id = $1 AND queue_id = fitting.queue_id AND state = 'ready' AND due_at <= $4
        ORDER BY claim_order, task_id
        LIMIT 1) AS due
    ORDER BY due.claim_order, due.task_id
), presence AS MATERIALIZED (
    SELECT instance, state, lease_until, capacity, open_executions
    FROM agent_presence
    WHERE user_id = $1 AND agent_id = $2 AND EXISTS (SELECT FROM queue)
      -- Lock timeout of the row, as in a save.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $10 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
    FOR NO KEY UPDATE
), room AS MATERIALIZED (
    SELECT least(capacity - open_executions, $5) AS tasks
    FROM presence
    WHERE instance = $3 AND state = 'active' AND $4 <= lease_until AND open_executions < capacity
), candidate AS MATERIALIZED (
    -- Ordered and locked inside, where the leading columns of the index are bound. A single task is
    -- in the first queue that has one which is not locked. Several tasks are in as many queues at
    -- most, those with the most urgent first tasks.
    SELECT first.task_id, first.claim_order
    FROM room CROSS JOIN (
        SELECT queue_id
        FROM queue
        LIMIT (SELECT CASE WHEN tasks > 1 THEN tasks END FROM room)) AS queue CROSS JOIN LATERAL (
        SELECT task_id, claim_order
        FROM task_state
        WHERE user_id = $1 AND queue_id = queue.queue_id AND state = 'ready' AND due_at <= $4
        ORDER BY claim_order, task_id
        LIMIT (SELECT tasks FROM room)
        FOR NO KEY UPDATE SKIP LOCKED) AS first
    LIMIT (SELECT CASE WHEN tasks = 1 THEN 1 END FROM room)
), chosen AS MATERIALIZED (
    SELECT task_id, row_number() OVER (ORDER BY claim_order, task_id) - 1 AS position
    FROM candidate
    ORDER BY claim_order, task_id
    LIMIT (SELECT tasks FROM room)
), moved AS (
    UPDATE task_state
    SET state = 'assigned', attempts = attempts + 1, agent_id = $2, due_at = NULL,
        claim_order = NULL, changed_at = $4
    WHERE user_id = $1 AND task_id = ANY (ARRAY(SELECT task_id FROM chosen))
    RETURNING task_id, attempts, time_limit
), execution AS (
    INSERT INTO task_execution
        (user_id, task_id, attempt, agent_id, instance, state, assigned_at, deadline)
    SELECT $1, task_id, attempts, $2, $3, 'assigned', $4,
           CASE WHEN time_limit IS NOT NULL THEN least(
               $4 + time_limit * interval '1 second',
               timestamptz '9999-12-31 23:59:59.999999+00') END
    FROM moved
), occupied AS (
    UPDATE agent_presence
    SET open_executions = open_executions + (SELECT count(*) FROM moved)
    WHERE user_id = $1 AND agent_id = $2 AND EXISTS (SELECT FROM moved)
), logged AS (
    INSERT INTO audit_log
        (user_id, write_id, ordinal, at, actor, action, entity, entity_id, before, after, note)
    SELECT $1, $6, chosen.position, $4, $7, 'task.claimed', 'task', moved.task_id,
           '{"state": "ready"}',
           jsonb_build_object('agent', $9, 'attempt', moved.attempts, 'state', 'assigned'), $8
    FROM moved JOIN chosen USING (task_id)
    ORDER BY chosen.position
), given AS (
    SELECT chosen.position, $4 AS at, moved.task_id, moved.attempts AS attempt
    FROM moved JOIN chosen USING (task_id)
    UNION ALL
    SELECT ordinal, at, entity_id, (after ->> 'attempt')::integer
    FROM known
    WHERE action = 'task.claimed'
)
SELECT EXISTS (SELECT FROM presence),
       (SELECT action FROM known WHERE ordinal = 0),
       (SELECT after ->> 'agent' FROM known WHERE ordinal = 0),
       agent.instance, agent.state, agent.lease_until, agent.capacity, agent.open_executions,
       task.*
FROM (SELECT) AS one
    LEFT JOIN (
        SELECT * FROM presence
        UNION ALL
        SELECT * FROM seen WHERE NOT EXISTS (SELECT FROM presence)
    ) AS agent ON true
    LEFT JOIN (
        SELECT given.task_id, given.attempt,
               CASE WHEN definition.time_limit IS NOT NULL THEN least(
                   given.at + definition.time_limit * interval '1 second',
                   timestamptz '9999-12-31 23:59:59.999999+00') END AS deadline,
               definition.*
        FROM given CROSS JOIN LATERAL (
            SELECT title, description, parent_id, tags, requirements, required_capabilities,
                   context, priority, max_attempts, time_limit
            FROM task
            WHERE user_id = $1 AND task_id = given.task_id
            OFFSET 0) AS definition
        ORDER BY given.position
    ) AS task ON true
