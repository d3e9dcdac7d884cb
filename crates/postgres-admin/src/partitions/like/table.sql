-- Copies properties of a table other than columns, constraints and indexes to an empty one:
-- tablespace, storage options, vacuum and statistics settings, and privileges.
DO $like$
DECLARE
    model pg_class;
    made pg_class;
    statement text;
BEGIN
    SELECT * INTO STRICT model FROM pg_class WHERE oid = {model}::regclass;
    SELECT * INTO STRICT made FROM pg_class WHERE oid = {made}::regclass;
    FOR statement IN
        SELECT format('ALTER TABLE %s SET TABLESPACE %I', made.oid::regclass, spcname)
        FROM pg_tablespace, pg_database
        WHERE datname = current_database() AND made.reltablespace <> model.reltablespace
          AND pg_tablespace.oid = coalesce(nullif(model.reltablespace, 0), dattablespace)
        UNION ALL
        SELECT format('ALTER TABLE %s SET (%I = %L)', made.oid::regclass, option_name, option_value)
        FROM pg_options_to_table(model.reloptions)
        UNION ALL
        SELECT format('ALTER TABLE %s SET (toast.%I = %L)', made.oid::regclass, option_name, option_value)
        FROM pg_class AS toast, pg_options_to_table(toast.reloptions)
        WHERE toast.oid = model.reltoastrelid
        UNION ALL
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', made.oid::regclass, attname,
                      CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                      WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
        FROM pg_attribute
        WHERE attrelid = model.oid AND attnum > 0 AND NOT attisdropped AND NOT EXISTS (
            SELECT FROM pg_attribute AS same
            WHERE same.attrelid = made.oid AND same.attname = pg_attribute.attname
              AND same.attstorage = pg_attribute.attstorage)
        UNION ALL
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', made.oid::regclass, attname,
                      attstattarget)
        FROM pg_attribute
        WHERE attrelid = model.oid AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
        UNION ALL
        SELECT format('ALTER TABLE %s ALTER COLUMN %I SET (%I = %L)', made.oid::regclass, attname,
                      option_name, option_value)
        FROM pg_attribute, pg_options_to_table(attoptions)
        WHERE attrelid = model.oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT format('GRANT %s %s ON %s TO %s %s', privilege_type, '(' || quote_ident(attname) || ')',
                      made.oid::regclass,
                      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
                      CASE WHEN is_grantable THEN 'WITH GRANT OPTION' END)
        FROM (SELECT NULL AS attname, model.relacl AS acl
              UNION ALL
              SELECT attname, attacl FROM pg_attribute
              WHERE attrelid = model.oid AND NOT attisdropped) AS given,
             aclexplode(acl)
        WHERE grantee <> model.relowner
        UNION ALL
        -- The comment on a month does not apply to the next one.
        SELECT format('COMMENT ON TABLE %s IS %L', made.oid::regclass, obj_description(model.oid, 'pg_class'))
        WHERE NOT made.relispartition AND obj_description(model.oid, 'pg_class') IS NOT NULL
    LOOP
        EXECUTE statement;
    END LOOP;

    -- PostgreSQL 13 does not have this column. Names in statements that are not executed are not
    -- resolved.
    IF current_setting('server_version_num')::int >= 140000 THEN
        FOR statement IN
            SELECT format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', made.oid::regclass, attname,
                          CASE attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)
            FROM pg_attribute
            WHERE attrelid = model.oid AND attnum > 0 AND NOT attisdropped AND attcompression <> ''
        LOOP
            EXECUTE statement;
        END LOOP;
    END IF;
END
$like$
