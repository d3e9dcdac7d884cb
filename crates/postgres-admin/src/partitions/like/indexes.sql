-- Copies the indexes of a table to another one, with options and tablespaces, and also the replica
-- identity and the publications. Rows that were copied before are not published.
DO $like$
DECLARE
    model regclass := {model}::regclass;
    made regclass := {made}::regclass;
    tablespace text := current_setting('default_tablespace');
    wanted record;
    statement text;
BEGIN
    FOR wanted IN
        SELECT spcname, CASE WHEN indisprimary
            THEN format('ALTER TABLE %s ADD %s', made, pg_get_constraintdef(pg_constraint.oid))
            ELSE format('CREATE %s INDEX ON %s %s', CASE WHEN indisunique THEN 'UNIQUE' END, made, kind)
            END AS statement
        FROM pg_index
        JOIN pg_class AS index ON index.oid = indexrelid
        JOIN pg_database ON datname = current_database()
        JOIN pg_tablespace ON pg_tablespace.oid = coalesce(nullif(index.reltablespace, 0), dattablespace)
        LEFT JOIN pg_constraint ON conindid = indexrelid AND contype = 'p',
        substring(pg_get_indexdef(indexrelid) FROM 'USING .*') AS kind
        WHERE indrelid = model AND indisvalid AND (indisunique, {kind}) NOT IN (
            SELECT indisunique, {kind} FROM pg_index WHERE indrelid = made)
        ORDER BY indisprimary DESC, indexrelid
    LOOP
        PERFORM set_config('default_tablespace', wanted.spcname, true);
        EXECUTE wanted.statement;
    END LOOP;
    PERFORM set_config('default_tablespace', tablespace, true);

    FOR statement IN
        WITH pair AS (
            SELECT old.reloptions, old.reltablespace, old.indisreplident, new.relname,
                   new.indexrelid::regclass AS index, new.reltablespace AS place
            FROM (SELECT *, {kind} AS kind FROM pg_index JOIN pg_class ON oid = indexrelid
                  WHERE indrelid = model AND indisvalid) AS old
            JOIN (SELECT *, {kind} AS kind FROM pg_index JOIN pg_class ON oid = indexrelid
                  WHERE indrelid = made) AS new USING (indisunique, kind)
        )
        SELECT format('ALTER INDEX %s SET (%I = %L)', index, option_name, option_value)
        FROM pair, pg_options_to_table(reloptions)
        UNION ALL
        SELECT format('ALTER INDEX %s SET TABLESPACE %I', index, spcname)
        FROM pair, pg_database, pg_tablespace
        WHERE datname = current_database() AND place <> reltablespace
          AND pg_tablespace.oid = coalesce(nullif(reltablespace, 0), dattablespace)
        UNION ALL
        SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', made,
                      CASE relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' END)
        FROM pg_class WHERE oid = model AND relreplident IN ('n', 'f')
        UNION ALL
        SELECT format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', made, relname)
        FROM pair WHERE indisreplident
    LOOP
        EXECUTE statement;
    END LOOP;

    -- Before PostgreSQL 15, publications have no column lists and row filters, and the catalog
    -- lacks these columns. Names in statements that are not executed are not resolved.
    IF current_setting('server_version_num')::int >= 150000 THEN
        FOR statement IN
            SELECT format('ALTER PUBLICATION %I ADD TABLE %s %s %s', pubname, made,
                          (SELECT '(' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')'
                           FROM pg_attribute WHERE attrelid = prrelid AND attnum = ANY (prattrs)),
                          'WHERE (' || pg_get_expr(prqual, prrelid) || ')')
            FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
            WHERE prrelid = model
        LOOP
            EXECUTE statement;
        END LOOP;
    ELSE
        FOR statement IN
            SELECT format('ALTER PUBLICATION %I ADD TABLE %s', pubname, made)
            FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
            WHERE prrelid = model
        LOOP
            EXECUTE statement;
        END LOOP;
    END IF;
END
$like$
