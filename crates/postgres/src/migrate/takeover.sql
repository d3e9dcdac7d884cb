DO $takeover$
DECLARE
    reader regrole;
    holder regrole;
BEGIN
    FOR reader IN
        SELECT grantee FROM pg_class, aclexplode(relacl)
        WHERE oid = '__diesel_schema_migrations'::regclass AND privilege_type = 'SELECT' AND grantee <> 0
    LOOP
        EXECUTE format('GRANT SELECT ON tasktrail_migrations TO %s', reader);
    END LOOP;
    SELECT relowner INTO holder FROM pg_class WHERE oid = 'task_history'::regclass;
    IF pg_get_userbyid(holder) <> current_user THEN
        EXECUTE format('ALTER TABLE tasktrail_migrations OWNER TO %s', holder);
    END IF;
END
$takeover$;
