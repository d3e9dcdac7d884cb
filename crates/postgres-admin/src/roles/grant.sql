DO $roles$
DECLARE
    owner_role constant text := current_setting('tasktrail.owner');
    runtime_role constant text := current_setting('tasktrail.runtime');
    in_schema constant text := current_setting('tasktrail.schema');
    role_name text;
    found regclass;
    ours text;
    rights text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[owner_role, runtime_role] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role_name);
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role_name);
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = %I',
                       role_name, current_database(), in_schema);
        -- Tasktrail distinguishes deadlocks and timeouts by messages. Only a superuser may set
        -- this.
        IF current_setting('is_superuser') = 'on' THEN
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET lc_messages = ''C''',
                           role_name, current_database());
        END IF;
    END LOOP;

    -- Without superuser rights, only a member of the owner role can create objects for it.
    IF NOT pg_has_role(owner_role, 'USAGE') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER', owner_role);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = in_schema) THEN
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', in_schema, owner_role);
    END IF;
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I', in_schema, runtime_role);
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO %I', in_schema, owner_role);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', in_schema, runtime_role);

    -- Privileges on tables created later: the ones that every table needs. Others follow below.
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I
                    GRANT SELECT, INSERT, DELETE ON TABLES TO %I',
                   owner_role, in_schema, runtime_role);

    FOR ours, rights IN VALUES
        ('tasktrail_migrations', 'SELECT'),
        ('task_history', 'SELECT, INSERT, DELETE'),
        ('task_summary', 'SELECT, INSERT, UPDATE, DELETE'),
        ('agent', 'SELECT, INSERT, UPDATE, DELETE'),
        ('agent_presence', 'SELECT, INSERT, UPDATE, DELETE'),
        ('task', 'SELECT, INSERT, UPDATE, DELETE'),
        ('task_state', 'SELECT, INSERT, UPDATE, DELETE'),
        ('task_dependency', 'SELECT, INSERT, DELETE'),
        ('task_execution', 'SELECT, INSERT, UPDATE, DELETE'),
        ('task_queue', 'SELECT, INSERT'),
        ('task_graph', 'SELECT, INSERT, UPDATE'),
        ('audit_log', 'SELECT, INSERT')
    LOOP
        -- Partitions have their own owners and privileges.
        FOR found IN
            SELECT named FROM to_regclass(format('%I.%I', in_schema, ours)) AS named
            WHERE named IS NOT NULL
            UNION
            SELECT relid FROM pg_partition_tree(to_regclass(format('%I.%I', in_schema, ours)))
        LOOP
            -- Skipped if not necessary, because it waits for all sessions that use the table.
            IF owner_role <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = found) THEN
                EXECUTE format('ALTER TABLE %s OWNER TO %I', found, owner_role);
            END IF;
            EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, %I', found, runtime_role);
            EXECUTE format('GRANT %s ON %s TO %I', rights, found, runtime_role);
        END LOOP;
    END LOOP;

    -- Allows the check whether rows were copied without the sequence of their ids.
    IF to_regclass(format('%I.task_history', in_schema)) IS NOT NULL THEN
        EXECUTE format('GRANT SELECT ON SEQUENCE %s TO %I',
                       pg_get_serial_sequence(format('%I.task_history', in_schema), 'id'), runtime_role);
    END IF;
END
$roles$;
