-- The environment of a store in schema $1: the database, the schema, those of the relations $2 that
-- exist in it, other stores.
-- A store is recognized by columns that other tables with these names do not have.
WITH stores AS (
    SELECT nspname::text AS name
    FROM pg_class AS history
    JOIN pg_class AS summary USING (relnamespace)
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE history.relname = 'task_history' AND summary.relname = 'task_summary'
      AND EXISTS (SELECT FROM pg_attribute
                  WHERE attrelid = history.oid AND attname = 'entry_id' AND NOT attisdropped)
      AND EXISTS (SELECT FROM pg_attribute
                  WHERE attrelid = summary.oid AND attname = 'step_status' AND NOT attisdropped)
)
SELECT current_database()::text AS database,
       current_user::text AS role,
       current_setting('server_encoding') AS encoding,
       current_setting('transaction_read_only') = 'off' AS is_writable,
       schema.oid IS NOT NULL AS has_schema,
       coalesce(has_schema_privilege(schema.oid, 'CREATE'),
                has_database_privilege(current_database(), 'CREATE')) AS may_create,
       migrations.oid IS NOT NULL AS has_migrations_table,
       legacy.oid IS NOT NULL AS has_legacy,
       coalesce(has_table_privilege(legacy.oid, 'SELECT'), false) AS may_read_legacy,
       coalesce(has_table_privilege(legacy.oid, 'DELETE'), false) AS may_delete_legacy,
       coalesce(pg_has_role(history.relowner, 'USAGE')
                AND has_schema_privilege(history.relowner, schema.oid, 'CREATE'), false) AS owns_history,
       ARRAY(SELECT name FROM unnest($2) AS name
             JOIN pg_class ON relnamespace = schema.oid AND relname = name
             WHERE relkind IN ('r', 'p')) AS tables,
       ARRAY(SELECT name FROM unnest($2) AS name
             JOIN pg_class ON relnamespace = schema.oid AND relname = name
             WHERE relkind NOT IN ('r', 'p')) AS other_relations,
       ARRAY(SELECT name FROM stores WHERE name NOT IN (wanted.name, 'tasktrail_bench') ORDER BY name)
           AS other_stores,
       (SELECT name FROM unnest(current_schemas(false)::text[]) WITH ORDINALITY AS path (name, place)
        JOIN stores USING (name) ORDER BY place LIMIT 1) AS store_by_path,
       wanted.name IN (SELECT name FROM stores) AS has_store
FROM (SELECT $1 AS name) AS wanted
LEFT JOIN pg_namespace AS schema ON schema.nspname = wanted.name
LEFT JOIN pg_class AS migrations
    ON migrations.relnamespace = schema.oid AND migrations.relname = 'tasktrail_migrations'
LEFT JOIN pg_class AS legacy
    ON legacy.relnamespace = schema.oid AND legacy.relname = '__diesel_schema_migrations'
LEFT JOIN pg_class AS history ON history.relnamespace = schema.oid AND history.relname = 'task_history'
