
-- A pooler in transaction mode shares sessions between clients, so their settings belong to the
-- roles. Each statement of the owner may take an hour, for validating constraints and building
-- indexes.
DO $pooler$
DECLARE
    owner_role constant text := current_setting('tasktrail.owner');
    runtime_role constant text := current_setting('tasktrail.runtime');
    role_name text;
    setting record;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[owner_role, runtime_role] LOOP
        FOR setting IN
            SELECT * FROM (VALUES
                ('plan_cache_mode', 'force_generic_plan'),
                ('enable_seqscan', 'off'),
                ('enable_bitmapscan', 'off'),
                ('enable_sort', 'off'),
                ('enable_incremental_sort', 'off'),
                ('jit', 'off'),
                ('TimeZone', 'UTC'),
                ('default_transaction_isolation', 'read committed'),
                ('idle_in_transaction_session_timeout', '60000'),
                ('statement_timeout', CASE role_name WHEN owner_role THEN '1h' ELSE '30s' END)
            ) AS settings (name, value)
        LOOP
            -- A limit that was set before, for example to that of the service, is kept.
            CONTINUE WHEN setting.name = 'statement_timeout' AND EXISTS (
                SELECT FROM pg_db_role_setting, unnest(setconfig) AS config
                WHERE setrole = to_regrole(quote_ident(role_name))
                  AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND config LIKE 'statement\_timeout=%'
            );
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %I = %L',
                           role_name, current_database(), setting.name, setting.value);
        END LOOP;
    END LOOP;
END
$pooler$;
