-- The sequence of the ids, and for each table a query for the greatest id in its last pages.
-- PostgreSQL before version 14 cannot scan a range of ctids, so they are enumerated.
SELECT ids.sequence,
       ids.sequence IS NOT NULL AND has_sequence_privilege(ids.sequence, 'SELECT') AS readable,
       ARRAY(
           SELECT format('(SELECT max(%I) FROM ONLY %s WHERE ctid = ANY (ARRAY(
                               SELECT format(''(%%s,%%s)'', page, item)::tid
                               FROM generate_series(%s, %s) AS page,
                                    generate_series(1, %s) AS item)))',
                         CASE name WHEN 'task_history' THEN 'id' ELSE 'last_entry' END,
                         relid::regclass, greatest(pages - $1, 0), pages, $2)
           FROM leaf, LATERAL (
               SELECT pg_relation_size(relid) / current_setting('block_size')::bigint AS pages) AS size
           WHERE name IN ('task_history', 'task_summary')
       ) AS samples
FROM (SELECT CASE WHEN to_regclass('task_history') IS NOT NULL
             THEN pg_get_serial_sequence('task_history', 'id') END AS sequence) AS ids
