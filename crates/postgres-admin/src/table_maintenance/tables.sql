-- One row for each table, with the first of it and its partitions that this role may not vacuum,
-- analyze and reindex. Since PostgreSQL 17 the privilege MAINTAIN is sufficient.
, barred AS (
    SELECT name, relname::text, relowner::regrole::text AS owner
    FROM (SELECT name, root AS relid FROM leaf UNION SELECT name, relid FROM leaf) AS part
    JOIN pg_class ON pg_class.oid = relid
    WHERE NOT (
        pg_has_role(relowner, 'USAGE')
        OR CASE WHEN current_setting('server_version_num')::int >= 170000
                THEN has_table_privilege(relid, 'MAINTAIN') ELSE false END
    )
)
SELECT leaf.name,
       format('%I.%I', nspname, whole.relname) AS qualified,
       current_user::text AS role,
       first.relname AS barred,
       first.owner,
       sum(greatest(part.reltuples, 0))::bigint AS rows,
       sum(pg_stat_get_dead_tuples(relid))::bigint AS dead
FROM leaf
JOIN pg_class AS whole ON whole.oid = root
JOIN pg_class AS part ON part.oid = relid
JOIN pg_namespace ON pg_namespace.oid = whole.relnamespace
LEFT JOIN LATERAL (
    SELECT relname, owner FROM barred
    WHERE barred.name = leaf.name
    ORDER BY relname <> leaf.name, relname
    LIMIT 1
) AS first ON true
GROUP BY leaf.name, position, nspname, whole.relname, first.relname, first.owner
ORDER BY position
