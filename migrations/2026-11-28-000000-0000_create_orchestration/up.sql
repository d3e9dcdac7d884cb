-- What people change (agent, task) and what dispatch changes (agent_presence, task_state,
-- task_execution) are different tables: a state change rewrites a narrow row, not the documents.
-- user_id is the owner and leads every key, and text is compared by its bytes, as in task_history.

CREATE TABLE agent (
    user_id text COLLATE "C" NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    agent_type text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    capabilities jsonb NOT NULL,
    metadata jsonb NOT NULL,
    registered_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT agent_pkey PRIMARY KEY (user_id, agent_id),
    CONSTRAINT agent_version_check CHECK (version >= 1)
);

COMMENT ON TABLE agent IS 'What each agent says about itself. Written when an agent registers or is changed.';
COMMENT ON COLUMN agent.user_id IS 'The owner; 1 to 255 bytes.';
COMMENT ON COLUMN agent.agent_id IS 'The agent among those of its owner; 1 to 255 bytes.';
COMMENT ON COLUMN agent.agent_type IS 'What kind of agent it is.';
COMMENT ON COLUMN agent.name IS 'Its name, for people.';
COMMENT ON COLUMN agent.capabilities IS 'What it can do, as it was given: without its type.';
COMMENT ON COLUMN agent.metadata IS 'Anything else, which is not interpreted.';
COMMENT ON COLUMN agent.registered_at IS 'When it registered for the first time.';
COMMENT ON COLUMN agent.updated_at IS 'When its description or state changed last.';
COMMENT ON COLUMN agent.version IS 'The number of changes of its description, from 1.';

-- No index but the key: a heartbeat must be a HOT update.
CREATE TABLE agent_presence (
    user_id text COLLATE "C" NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    instance uuid NOT NULL,
    state text COLLATE "C" NOT NULL,
    capacity integer NOT NULL,
    lease integer NOT NULL,
    open_executions integer NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    CONSTRAINT agent_presence_pkey PRIMARY KEY (user_id, agent_id),
    CONSTRAINT agent_presence_state_check CHECK (state IN ('active', 'draining', 'retired')),
    CONSTRAINT agent_presence_capacity_check CHECK (capacity BETWEEN 1 AND 1000),
    CONSTRAINT agent_presence_lease_check CHECK (lease BETWEEN 5 AND 86400),
    CONSTRAINT agent_presence_open_executions_check CHECK (open_executions >= 0)
) WITH (
    fillfactor = 60,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

COMMENT ON TABLE agent_presence IS 'Whether each agent is alive, and how busy it is: a narrow row, written by every heartbeat and claim.';
COMMENT ON COLUMN agent_presence.user_id IS 'The owner.';
COMMENT ON COLUMN agent_presence.agent_id IS 'The agent.';
COMMENT ON COLUMN agent_presence.instance IS 'The run of its process that registered last, a UUIDv7.';
COMMENT ON COLUMN agent_presence.state IS 'active, draining or retired.';
COMMENT ON COLUMN agent_presence.capacity IS 'How many tasks it may have at the same time.';
COMMENT ON COLUMN agent_presence.lease IS 'How many seconds it counts as alive after a heartbeat.';
COMMENT ON COLUMN agent_presence.open_executions IS 'The number of its executions that are assigned or running. Locking the row serializes the claims of an agent.';
COMMENT ON COLUMN agent_presence.heartbeat_at IS 'The latest heartbeat or registration, by the clock of the caller.';
COMMENT ON COLUMN agent_presence.lease_until IS 'The agent is offline after this time.';

CREATE TABLE task (
    user_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    parent_id text COLLATE "C",
    title text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    tags jsonb NOT NULL,
    requirements jsonb NOT NULL,
    required_capabilities jsonb NOT NULL,
    context jsonb NOT NULL,
    priority integer NOT NULL,
    max_attempts integer NOT NULL,
    time_limit integer,
    definition uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT task_pkey PRIMARY KEY (user_id, task_id),
    CONSTRAINT task_priority_check CHECK (priority BETWEEN -1000 AND 1000),
    CONSTRAINT task_max_attempts_check CHECK (max_attempts BETWEEN 1 AND 1000),
    CONSTRAINT task_time_limit_check CHECK (time_limit BETWEEN 1 AND 2592000),
    CONSTRAINT task_version_check CHECK (version >= 1)
);

-- The list of an owner's tasks, and that of the parts of a task.
CREATE INDEX task_created_idx ON task (user_id, created_at, task_id);
CREATE INDEX task_parent_idx ON task (user_id, parent_id, created_at, task_id)
    WHERE parent_id IS NOT NULL;

COMMENT ON TABLE task IS 'What each task is. Written when it is created or changed, never by dispatch.';
COMMENT ON COLUMN task.user_id IS 'The owner; 1 to 255 bytes.';
COMMENT ON COLUMN task.task_id IS 'The task among those of its owner, with the same id as in the task history; 1 to 255 bytes.';
COMMENT ON COLUMN task.parent_id IS 'The task that it is a part of. Neither waits for the other.';
COMMENT ON COLUMN task.title IS 'A short text for people.';
COMMENT ON COLUMN task.description IS 'A longer text.';
COMMENT ON COLUMN task.tags IS 'Words to find it by, a sorted list.';
COMMENT ON COLUMN task.requirements IS 'What is to be done.';
COMMENT ON COLUMN task.required_capabilities IS 'What an agent must be able to do.';
COMMENT ON COLUMN task.context IS 'Anything else that the agent needs to know.';
COMMENT ON COLUMN task.priority IS 'How urgent it is; one more is worth a minute.';
COMMENT ON COLUMN task.max_attempts IS 'How often it is attempted.';
COMMENT ON COLUMN task.time_limit IS 'How many seconds an attempt may take; null without a limit.';
COMMENT ON COLUMN task.definition IS 'A fingerprint of what it was created with, to recognize the same plan.';
COMMENT ON COLUMN task.created_at IS 'When it was created, by the clock of the caller.';
COMMENT ON COLUMN task.updated_at IS 'When its definition or dependencies changed last.';
COMMENT ON COLUMN task.version IS 'The number of changes of its definition, from 1.';

CREATE TABLE task_state (
    user_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    queue_id bigint NOT NULL,
    state text COLLATE "C" NOT NULL,
    attempts integer NOT NULL,
    counted_attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    priority integer NOT NULL,
    time_limit integer,
    agent_id text COLLATE "C",
    open_dependencies integer NOT NULL,
    dependants integer NOT NULL,
    due_at timestamptz,
    claim_order timestamptz,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    error_code text COLLATE "C",
    CONSTRAINT task_state_pkey PRIMARY KEY (user_id, task_id),
    CONSTRAINT task_state_state_check CHECK (state IN (
        'blocked', 'ready', 'assigned', 'running', 'waiting',
        'completed', 'failed', 'cancelled', 'timed_out', 'skipped')),
    CONSTRAINT task_state_attempts_check
        CHECK (attempts >= counted_attempts AND counted_attempts >= 0),
    CONSTRAINT task_state_agent_check
        CHECK ((agent_id IS NOT NULL) = (state IN ('assigned', 'running'))),
    CONSTRAINT task_state_open_dependencies_check
        CHECK (open_dependencies >= 0 AND (open_dependencies > 0) = (state = 'blocked')),
    CONSTRAINT task_state_dependants_check CHECK (dependants >= 0),
    CONSTRAINT task_state_ready_check CHECK (
        (due_at IS NOT NULL) = (state = 'ready') AND (claim_order IS NOT NULL) = (state = 'ready'))
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

-- The ready tasks of a queue in the order in which they are claimed. due_at is for those that are not
-- due yet: a claim passes over them in the index.
CREATE INDEX task_state_ready_idx ON task_state (user_id, queue_id, claim_order, task_id, due_at)
    WHERE state = 'ready';

-- The list by states: one range for each state, merged; and the counts.
CREATE INDEX task_state_list_idx ON task_state (user_id, state, created_at, task_id);

COMMENT ON TABLE task_state IS 'How far each task is: a narrow row, written by dispatch.';
COMMENT ON COLUMN task_state.user_id IS 'The owner.';
COMMENT ON COLUMN task_state.task_id IS 'The task.';
COMMENT ON COLUMN task_state.queue_id IS 'The queue of the tasks with equal required capabilities.';
COMMENT ON COLUMN task_state.state IS 'The state of the task.';
COMMENT ON COLUMN task_state.attempts IS 'The number of attempts so far, which is the number of the latest one.';
COMMENT ON COLUMN task_state.counted_attempts IS 'How many of them failed, timed out or were lost.';
COMMENT ON COLUMN task_state.max_attempts IS 'The same as in task.';
COMMENT ON COLUMN task_state.priority IS 'The same as in task.';
COMMENT ON COLUMN task_state.time_limit IS 'The same as in task.';
COMMENT ON COLUMN task_state.agent_id IS 'The agent that has the task; null unless it is assigned or running.';
COMMENT ON COLUMN task_state.open_dependencies IS 'The number of prerequisites that it waits for; 0 unless it is blocked.';
COMMENT ON COLUMN task_state.dependants IS 'The number of dependencies on this task, exact while it is open. What ends the task compares it with the dependencies that it sees.';
COMMENT ON COLUMN task_state.due_at IS 'When it can be claimed; null unless it is ready.';
COMMENT ON COLUMN task_state.claim_order IS 'When it is due, one minute earlier for each unit of priority; null unless it is ready.';
COMMENT ON COLUMN task_state.created_at IS 'The same as in task.';
COMMENT ON COLUMN task_state.changed_at IS 'When the state changed last, by the clock of the caller.';
COMMENT ON COLUMN task_state.error_code IS 'The code of the latest error; null without one.';

CREATE TABLE task_dependency (
    user_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    prerequisite_id text COLLATE "C" NOT NULL,
    waits_for text COLLATE "C" NOT NULL,
    CONSTRAINT task_dependency_pkey PRIMARY KEY (user_id, task_id, prerequisite_id),
    CONSTRAINT task_dependency_waits_for_check CHECK (waits_for IN ('success', 'end')),
    CONSTRAINT task_dependency_other_check CHECK (task_id <> prerequisite_id)
);

-- The tasks that depend on a task, in the order in which they are locked.
CREATE INDEX task_dependency_dependants_idx
    ON task_dependency (user_id, prerequisite_id, task_id);

COMMENT ON TABLE task_dependency IS 'Which task waits for which.';
COMMENT ON COLUMN task_dependency.user_id IS 'The owner of both.';
COMMENT ON COLUMN task_dependency.task_id IS 'The task that waits.';
COMMENT ON COLUMN task_dependency.prerequisite_id IS 'The task that is waited for.';
COMMENT ON COLUMN task_dependency.waits_for IS 'success or end of the prerequisite.';

CREATE TABLE task_execution (
    user_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    instance uuid NOT NULL,
    state text COLLATE "C" NOT NULL,
    assigned_at timestamptz NOT NULL,
    started_at timestamptz,
    closed_at timestamptz,
    deadline timestamptz,
    output jsonb,
    error_code text COLLATE "C",
    error_message text COLLATE "C",
    memory_usage_mb integer,
    cpu_time_ms bigint,
    CONSTRAINT task_execution_pkey PRIMARY KEY (user_id, task_id, attempt),
    CONSTRAINT task_execution_attempt_check CHECK (attempt >= 1),
    CONSTRAINT task_execution_state_check CHECK (state IN (
        'assigned', 'running',
        'completed', 'failed', 'cancelled', 'timed_out', 'released', 'waiting', 'lost')),
    CONSTRAINT task_execution_closed_check
        CHECK ((closed_at IS NULL) = (state IN ('assigned', 'running'))),
    CONSTRAINT task_execution_memory_usage_mb_check CHECK (memory_usage_mb >= 0),
    CONSTRAINT task_execution_cpu_time_ms_check CHECK (cpu_time_ms >= 0)
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

-- The open executions of an agent; the executions of an agent, newest first; those that time out.
CREATE INDEX task_execution_open_idx
    ON task_execution (user_id, agent_id, assigned_at, task_id, attempt) WHERE closed_at IS NULL;
CREATE INDEX task_execution_agent_idx
    ON task_execution (user_id, agent_id, assigned_at, task_id, attempt);
CREATE INDEX task_execution_deadline_idx
    ON task_execution (user_id, deadline) WHERE closed_at IS NULL AND deadline IS NOT NULL;

COMMENT ON TABLE task_execution IS 'Each attempt of an agent at a task.';
COMMENT ON COLUMN task_execution.user_id IS 'The owner.';
COMMENT ON COLUMN task_execution.task_id IS 'The task.';
COMMENT ON COLUMN task_execution.attempt IS 'The number of the attempt, from 1.';
COMMENT ON COLUMN task_execution.agent_id IS 'The agent.';
COMMENT ON COLUMN task_execution.instance IS 'The run of the process of the agent.';
COMMENT ON COLUMN task_execution.state IS 'The state of the execution.';
COMMENT ON COLUMN task_execution.assigned_at IS 'When the agent got the task.';
COMMENT ON COLUMN task_execution.started_at IS 'When the agent reported that it started.';
COMMENT ON COLUMN task_execution.closed_at IS 'When the execution was closed; null while it is open.';
COMMENT ON COLUMN task_execution.deadline IS 'When the attempt times out; null without a time limit.';
COMMENT ON COLUMN task_execution.output IS 'What the agent reported as its output. U+241B marks what jsonb cannot hold as it is.';
COMMENT ON COLUMN task_execution.error_code IS 'The code of its error.';
COMMENT ON COLUMN task_execution.error_message IS 'The message of its error.';
COMMENT ON COLUMN task_execution.memory_usage_mb IS 'The peak of its memory, in mebibytes.';
COMMENT ON COLUMN task_execution.cpu_time_ms IS 'Its CPU time, in milliseconds.';

CREATE TABLE task_queue (
    user_id text COLLATE "C" NOT NULL,
    queue_id bigint NOT NULL,
    required_capabilities jsonb NOT NULL,
    CONSTRAINT task_queue_pkey PRIMARY KEY (user_id, queue_id)
);

COMMENT ON TABLE task_queue IS 'The sets of required capabilities that tasks have, or had: a claim looks at the first ready tasks of each that the agent fits. Rows are only ever added.';
COMMENT ON COLUMN task_queue.user_id IS 'The owner.';
COMMENT ON COLUMN task_queue.queue_id IS 'A stable hash of the required capabilities.';
COMMENT ON COLUMN task_queue.required_capabilities IS 'What an agent must be able to do.';

CREATE TABLE task_graph (
    user_id text COLLATE "C" NOT NULL,
    changes bigint NOT NULL,
    CONSTRAINT task_graph_pkey PRIMARY KEY (user_id)
);

COMMENT ON TABLE task_graph IS 'A row for each owner whose existing tasks were given dependencies. Locking it serializes the search for cycles.';
COMMENT ON COLUMN task_graph.user_id IS 'The owner.';
COMMENT ON COLUMN task_graph.changes IS 'The number of such changes.';

CREATE TABLE audit_log (
    user_id text COLLATE "C" NOT NULL,
    write_id uuid NOT NULL,
    ordinal integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    entity text COLLATE "C" NOT NULL,
    entity_id text COLLATE "C" NOT NULL,
    before jsonb,
    after jsonb,
    note text COLLATE "C",
    answer jsonb,
    CONSTRAINT audit_log_pkey PRIMARY KEY (user_id, write_id, ordinal),
    CONSTRAINT audit_log_entity_check CHECK (entity IN ('agent', 'task', 'other')),
    CONSTRAINT audit_log_ordinal_check CHECK (ordinal >= 0),
    CONSTRAINT audit_log_answer_check CHECK (answer IS NULL OR ordinal = 0)
);

CREATE INDEX audit_log_at_idx ON audit_log (user_id, at, id);
CREATE INDEX audit_log_entity_idx ON audit_log (user_id, entity, entity_id, at, id);
CREATE INDEX audit_log_actor_idx ON audit_log (user_id, actor, at, id);

COMMENT ON TABLE audit_log IS 'Who changed what, when and why. Rows are only ever added, by the transaction that makes the change.';
COMMENT ON COLUMN audit_log.user_id IS 'The owner.';
COMMENT ON COLUMN audit_log.write_id IS 'The id of the write, a UUIDv7: a repeated write finds its rows here.';
COMMENT ON COLUMN audit_log.ordinal IS 'The position among the entries of the write, from 0.';
COMMENT ON COLUMN audit_log.id IS 'The order in which the server accepted the entries.';
COMMENT ON COLUMN audit_log.at IS 'The time of the write, by the clock of the caller.';
COMMENT ON COLUMN audit_log.actor IS 'Who wrote, such as agent:builder-1.';
COMMENT ON COLUMN audit_log.action IS 'What was done, such as task.claimed.';
COMMENT ON COLUMN audit_log.entity IS 'What it was done to: agent, task or other.';
COMMENT ON COLUMN audit_log.entity_id IS 'The id of that.';
COMMENT ON COLUMN audit_log.before IS 'The changed fields before. U+241B marks what jsonb cannot hold as it is.';
COMMENT ON COLUMN audit_log.after IS 'The changed fields after. U+241B marks what jsonb cannot hold as it is.';
COMMENT ON COLUMN audit_log.note IS 'Why it was done.';
COMMENT ON COLUMN audit_log.answer IS 'The result of the write, to return it when the write is repeated; null where the other columns determine it.';
