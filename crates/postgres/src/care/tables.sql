-- A row for each table, and whether this role may vacuum, analyze and reindex it. Since version 17 that
-- can be granted to others than its owner.
SELECT leaf.name,
       format('%I.%I', nspname, whole.relname) AS qualified,
       current_user::text AS role,
       whole.relowner::regrole::text AS owner,
       pg_has_role(whole.relowner, 'USAGE')
           OR CASE WHEN current_setting('server_version_num')::int >= 170000
                   THEN has_table_privilege(whole.oid, 'MAINTAIN') ELSE false END AS permitted,
       sum(greatest(part.reltuples, 0))::bigint AS rows,
       sum(pg_stat_get_dead_tuples(relid))::bigint AS dead
FROM leaf
JOIN pg_class AS whole ON whole.oid = root
JOIN pg_class AS part ON part.oid = relid
JOIN pg_namespace ON pg_namespace.oid = whole.relnamespace
GROUP BY leaf.name, nspname, whole.oid, whole.relname, whole.relowner
ORDER BY leaf.name
