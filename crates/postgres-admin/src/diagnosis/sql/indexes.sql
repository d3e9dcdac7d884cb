-- One row for each index; each partition has its own indexes. A B-tree page without bloat is filled
-- to 90 %, and each entry takes its columns plus 12 bytes, rounded up to a multiple of 8.
, width AS (
    SELECT indexrelid, 8 * ceil((8 + sum(avg_width)) / 8.0) + 4 AS entry_bytes
    FROM leaf
    JOIN pg_index ON indrelid = relid
    JOIN pg_class AS base ON base.oid = relid
    JOIN pg_attribute ON attrelid = indexrelid
    JOIN pg_stats ON schemaname = (SELECT nspname FROM pg_namespace WHERE oid = base.relnamespace)
                 AND tablename = base.relname AND pg_stats.attname = pg_attribute.attname
    GROUP BY indexrelid
)
SELECT leaf.name AS table_name,
       index.relname::text AS name,
       coalesce(family.relname, index.relname)::text AS family,
       CASE WHEN family.oid <> index.oid
            THEN format('%I.%I', (SELECT nspname FROM pg_namespace WHERE oid = family.relnamespace),
                        family.relname)
       END AS partitioned,
       format('%I.%I', nspname, index.relname) AS qualified,
       pg_has_role(index.relowner, 'USAGE') OR pg_has_role(nspowner, 'USAGE') AS droppable,
       pg_relation_size(index.oid) AS bytes,
       CASE WHEN amname = 'btree' AND index.reltuples >= 0
            THEN current_setting('block_size')::bigint * (1 + ceil(
                index.reltuples * entry_bytes / (0.9 * current_setting('block_size')::bigint)))::bigint
       END AS estimated_bytes,
       pg_stat_get_numscans(index.oid) AS scans,
       indisvalid AS valid,
       indisunique OR EXISTS (SELECT FROM pg_constraint WHERE conindid = index.oid) AS is_constraint,
       EXISTS (SELECT FROM pg_stat_progress_create_index AS progress
               WHERE progress.relid = leaf.relid) AS building
FROM leaf
JOIN pg_index ON indrelid = leaf.relid
JOIN pg_class AS index ON index.oid = indexrelid
JOIN pg_namespace ON pg_namespace.oid = index.relnamespace
LEFT JOIN pg_class AS family ON family.oid = pg_partition_root(index.oid)
JOIN pg_am ON pg_am.oid = index.relam
LEFT JOIN width USING (indexrelid)
ORDER BY pg_relation_size(index.oid) DESC, index.relname
