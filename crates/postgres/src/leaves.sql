-- The tables that contain rows: each table of the store, or its partitions.
WITH ours (name, root, position) AS (
    SELECT name, to_regclass(name)::oid, position
    FROM unnest(ARRAY[
        'task_history', 'task_summary',
        'agent', 'agent_presence', 'task', 'task_state', 'task_dependency', 'task_execution',
        'task_queue', 'task_graph', 'audit_log']) WITH ORDINALITY AS ours (name, position)
), leaf AS (
    SELECT name, root, root AS relid, position
    FROM ours JOIN pg_class ON pg_class.oid = root
    WHERE relkind = 'r'
    UNION ALL
    SELECT name, root, part.relid::oid, position
    FROM ours CROSS JOIN LATERAL pg_partition_tree(root::regclass) AS part
    WHERE part.isleaf AND part.relid::oid <> root
)
