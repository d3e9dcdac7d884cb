-- The plain table becomes the first partition. Its rows are not copied.
ALTER TABLE task_history RENAME TO "{first}";
ALTER INDEX task_history_pkey RENAME TO "{first}_pkey";
ALTER INDEX task_history_step_idx RENAME TO "{first}_step_idx";

-- The range check applies to the first partition only. It is NO INHERIT, which a partitioned table
-- does not allow.
CREATE TABLE task_history_model
    (LIKE "{first}" INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING STORAGE);
ALTER TABLE task_history_model DROP CONSTRAINT task_history_range_check;
CREATE TABLE task_history
    (LIKE task_history_model INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING STORAGE)
    PARTITION BY RANGE (entry_id);
DROP TABLE task_history_model;
ALTER TABLE task_history ADD CONSTRAINT task_history_pkey PRIMARY KEY (user_id, entry_id);
CREATE INDEX task_history_step_idx ON task_history (user_id, task_id, step, id DESC);

-- The sequence of the ids continues.
ALTER TABLE task_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
PERFORM setval(pg_get_serial_sequence('task_history', 'id'),
              nextval(pg_get_serial_sequence('"{first}"', 'id')));
DO $ids$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT acl.* FROM pg_class, aclexplode(relacl) AS acl
        WHERE pg_class.oid = pg_get_serial_sequence('"{first}"', 'id')::regclass AND grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('GRANT %s ON SEQUENCE %s TO %s', granted.privilege_type,
                       pg_get_serial_sequence('task_history', 'id'), granted.grantee::regrole);
    END LOOP;
END
$ids$;
ALTER TABLE "{first}" ALTER COLUMN id DROP IDENTITY;

-- Comment, privileges and owner of the table.
DO $convert$
DECLARE
    plain pg_class;
    granted record;
BEGIN
    SELECT * INTO plain FROM pg_class WHERE oid = '"{first}"'::regclass;
    EXECUTE format('COMMENT ON TABLE task_history IS %L', obj_description(plain.oid, 'pg_class'));
    FOR granted IN SELECT * FROM aclexplode(plain.relacl) WHERE grantee <> plain.relowner LOOP
        EXECUTE format('GRANT %s ON task_history TO %s %s', granted.privilege_type,
                       CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END,
                       CASE WHEN granted.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$convert$;
ALTER TABLE task_history OWNER TO {owner};

{release}
ALTER TABLE task_history ATTACH PARTITION "{first}" {first_bounds};
ALTER TABLE "{first}" DROP CONSTRAINT task_history_range_check;
CREATE TABLE "{last}" PARTITION OF task_history {last_bounds};
ALTER TABLE "{last}" OWNER TO {owner};
{like_table};
{like_indexes};
{put_back}
