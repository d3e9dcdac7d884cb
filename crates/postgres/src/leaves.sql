-- The tables that contain rows: each table of the store, or its partitions.
WITH ours (name, root) AS (
    SELECT name, to_regclass(name)::oid
    FROM unnest(ARRAY[
        'task_history', 'task_summary',
        'agent', 'agent_presence', 'task', 'task_state', 'task_dependency', 'task_execution',
        'task_queue', 'task_graph', 'audit_log']) AS name
), leaf AS (
    SELECT name, root, root AS relid
    FROM ours JOIN pg_class ON pg_class.oid = root
    WHERE relkind = 'r'
    UNION ALL
    SELECT name, root, part.relid::oid
    FROM ours CROSS JOIN LATERAL pg_partition_tree(root::regclass) AS part
    WHERE part.isleaf AND part.relid::oid <> root
)
