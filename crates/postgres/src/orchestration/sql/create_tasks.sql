-- Creates the tasks of a plan, unless one of them exists or the write was done before. Returns the
-- tasks of the earlier write, and each task that exists; no row if the tasks were created. If
-- another transaction creates one of them at the same time, a key is violated.
WITH earlier AS (
    SELECT action, ARRAY(
        SELECT entity_id FROM audit_log
        WHERE user_id = $1 AND write_id = $2 AND ordinal >= 0
        ORDER BY ordinal) AS entity_ids
    FROM audit_log
    WHERE user_id = $1 AND write_id = $2 AND ordinal < 1
    ORDER BY ordinal
    LIMIT 1
), planned AS (
    SELECT * FROM unnest($6, $7, $8, $9, $10, $11, $12, $13, $14) WITH ORDINALITY AS planned (
        task_id, queue_id, priority, max_attempts, time_limit, definition, state, open_dependencies,
        dependants, position)
), known AS (
    SELECT position, task.definition, current.state
    FROM planned
    CROSS JOIN LATERAL (
        -- A range, so that the order keeps the planner on the key, even without statistics.
        SELECT definition FROM task
        WHERE user_id = $1 AND task_id >= planned.task_id AND task_id <= planned.task_id
        ORDER BY task_id LIMIT 1) AS task
    CROSS JOIN LATERAL (
        SELECT state FROM task_state
        WHERE user_id = $1 AND task_id = planned.task_id OFFSET 0) AS current
), new AS (
    SELECT * FROM planned
    WHERE NOT EXISTS (SELECT FROM earlier) AND NOT EXISTS (SELECT FROM known)
      -- Lock timeout of each row, as in a save of the task history.
      AND (SELECT set_config('lock_timeout', coalesce(
          CASE WHEN current_setting('lc_messages') ~ '^(C|P|en)' THEN $29 END,
          current_setting('lock_timeout')), true)) IS NOT NULL
), added_task AS (
    INSERT INTO task (user_id, task_id, parent_id, title, description, tags, requirements,
                      required_capabilities, context, priority, max_attempts, time_limit,
                      definition, created_at, updated_at, version)
    SELECT $1, task.*, $3, $3, 1
    FROM unnest($6, $15, $16, $17, $18, $19, $20, $21, $8, $9, $10, $11) AS task
    WHERE EXISTS (SELECT FROM new)
), added_state AS (
    INSERT INTO task_state (user_id, task_id, queue_id, state, attempts, counted_attempts,
                            max_attempts, priority, time_limit, open_dependencies, dependants,
                            due_at, claim_order, created_at, changed_at)
    SELECT $1, task_id, queue_id, state, 0, 0, max_attempts, priority, time_limit,
           open_dependencies, dependants, CASE WHEN state = 'ready' THEN $3 END,
           CASE WHEN state = 'ready' THEN $3 - priority * interval '1 minute' END, $3, $3
    FROM new
), added_dependency AS (
    INSERT INTO task_dependency (user_id, task_id, prerequisite_id, waits_for)
    SELECT $1, task_id, prerequisite_id, waits_for
    FROM unnest($22, $23, $24) AS dependency (task_id, prerequisite_id, waits_for)
    WHERE EXISTS (SELECT FROM new)
), added_queue AS (
    INSERT INTO task_queue (user_id, queue_id, required_capabilities)
    SELECT $1, queue_id, required_capabilities
    FROM unnest($25, $26) AS queue (queue_id, required_capabilities)
    WHERE EXISTS (SELECT FROM new)
    ON CONFLICT DO NOTHING
), counted AS (
    -- The caller has locked the prerequisites that are not in the plan.
    UPDATE task_state AS prerequisite SET dependants = prerequisite.dependants + added.dependants
    FROM unnest($27, $28) AS added (task_id, dependants)
    WHERE prerequisite.user_id = $1 AND prerequisite.task_id = added.task_id
      AND EXISTS (SELECT FROM new)
), logged AS (
    INSERT INTO audit_log (user_id, write_id, ordinal, at, actor, action, entity, entity_id, after,
                           note)
    SELECT $1, $2, position - 1, $3, $4, 'task.created', 'task', task_id,
           jsonb_build_object('state', state), $5
    FROM new
)
SELECT action, entity_ids, NULL AS position, NULL AS definition, NULL AS state FROM earlier
UNION ALL
SELECT NULL, NULL, position, definition, state FROM known
