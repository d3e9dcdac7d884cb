-- Tables for which autovacuum is disabled.
SELECT name, count(*) AS parts
FROM leaf JOIN pg_class ON pg_class.oid = relid
CROSS JOIN LATERAL pg_options_to_table(reloptions) AS option
WHERE option_name = 'autovacuum_enabled' AND NOT option_value::boolean
GROUP BY name, position
ORDER BY position
