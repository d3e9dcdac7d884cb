-- One row for each table: the sums of its partitions.
SELECT name,
       (SELECT format('%I.%I', nspname, relname)
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE pg_class.oid = root) AS qualified,
       count(*) FILTER (WHERE relid <> root) AS partitions,
       sum(coalesce(nullif(pg_stat_get_live_tuples(relid), 0),
                    (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = relid)))::bigint AS live_rows,
       sum(pg_stat_get_dead_tuples(relid))::bigint AS dead_rows,
       sum(pg_stat_get_mod_since_analyze(relid))::bigint AS changed,
       sum(pg_relation_size(relid))::bigint AS row_bytes,
       sum(pg_table_size(relid))::bigint AS table_bytes,
       sum(pg_indexes_size(relid))::bigint AS index_bytes,
       max(greatest(pg_stat_get_last_vacuum_time(relid),
                    pg_stat_get_last_autovacuum_time(relid))) AS last_vacuum,
       max(greatest(pg_stat_get_last_analyze_time(relid),
                    pg_stat_get_last_autoanalyze_time(relid))) AS last_analyze
FROM leaf
GROUP BY name, root, position
ORDER BY position
