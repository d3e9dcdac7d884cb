-- The tables that contain rows: each table of the histories, or its partitions.
WITH ours (name, root) AS (
    VALUES ('task_history', to_regclass('task_history')::oid),
           ('task_summary', to_regclass('task_summary')::oid)
), leaf AS (
    SELECT name, root, root AS relid
    FROM ours JOIN pg_class ON pg_class.oid = root
    WHERE relkind = 'r'
    UNION ALL
    SELECT name, root, part.relid::oid
    FROM ours CROSS JOIN LATERAL pg_partition_tree(root::regclass) AS part
    WHERE part.isleaf AND part.relid::oid <> root
)
