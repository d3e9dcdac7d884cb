-- One row for each of the two tables of the histories, ordered by name. If the server has lost its row counts (after
-- a crash or a copy), its estimates are used. The position of the log is the insert position,
-- because commits may not wait until the log is written.
SELECT coalesce(sum(coalesce(nullif(pg_stat_get_live_tuples(relid), 0), greatest(reltuples, 0)::bigint)), 0)::bigint
           AS live_rows,
       coalesce(sum(pg_stat_get_dead_tuples(relid)), 0)::bigint AS dead_rows,
       coalesce(sum(pg_stat_get_tuples_inserted(relid)), 0)::bigint AS rows_added,
       coalesce(sum(pg_stat_get_tuples_updated(relid) + pg_stat_get_tuples_deleted(relid)), 0)::bigint AS rows_died,
       coalesce(sum(pg_table_size(relid)), 0)::bigint AS table_bytes,
       coalesce(sum(pg_indexes_size(relid)), 0)::bigint AS index_bytes,
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
             ELSE pg_current_wal_insert_lsn() END - '0/0')::bigint AS log_bytes
FROM ours
LEFT JOIN leaf USING (name)
LEFT JOIN pg_class ON pg_class.oid = relid
WHERE name IN ('task_history', 'task_summary')
GROUP BY name
ORDER BY name
