-- The state of the server, and what this role may do in the schema $1.
SELECT current_setting('server_version') AS version,
       pg_is_in_recovery() AS standby,
       current_setting('transaction_read_only') = 'off' AS writable,
       -- The same privileges as in grant.sql. Tables that do not exist are not counted.
       (SELECT coalesce(bool_and(has_table_privilege(to_regclass(name), privilege)), true)
        FROM (VALUES
            ('task_history', '{SELECT,INSERT,DELETE}'::text[]),
            ('task_summary', '{SELECT,INSERT,UPDATE,DELETE}'),
            ('agent', '{SELECT,INSERT,UPDATE,DELETE}'),
            ('agent_presence', '{SELECT,INSERT,UPDATE,DELETE}'),
            ('task', '{SELECT,INSERT,UPDATE,DELETE}'),
            ('task_state', '{SELECT,INSERT,UPDATE,DELETE}'),
            ('task_dependency', '{SELECT,INSERT,DELETE}'),
            ('task_execution', '{SELECT,INSERT,UPDATE,DELETE}'),
            ('task_queue', '{SELECT,INSERT}'),
            ('task_graph', '{SELECT,INSERT,UPDATE}'),
            ('audit_log', '{SELECT,INSERT}')) AS ours (name, privileges)
        CROSS JOIN unnest(privileges) AS privilege) AS permitted,
       NOT EXISTS (SELECT FROM pg_namespace
                   WHERE nspname = $1 AND NOT has_schema_privilege(oid, 'USAGE')) AS usable
