//! Properties that new partitions copy from existing ones.

use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{RetentionPolicy, TaskHistoryRepository};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_test_support::TestDatabase;

use super::drop_expired::{aged, drop_expired, failure};
use super::fixture::{EntryFactory, on, open};

/// Sets properties that an administrator may have set on a table and its primary key.
fn set(database: &TestDatabase, table: &str) {
    let name = database.name();
    let options = format!(
        "ALTER DATABASE {name} SET allow_in_place_tablespaces = on;
         CREATE TABLESPACE rows_of_{name} LOCATION '';
         CREATE TABLESPACE keys_of_{name} LOCATION '';
         ALTER TABLE {table} SET TABLESPACE rows_of_{name};
         ALTER TABLE {table} SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05,
                                  toast.autovacuum_enabled = false);
         ALTER INDEX {table}_pkey SET TABLESPACE keys_of_{name};
         ALTER INDEX {table}_pkey SET (fillfactor = 60);
         ALTER TABLE {table} ALTER COLUMN result SET STORAGE EXTERNAL;
         ALTER TABLE {table} ALTER COLUMN result SET COMPRESSION pglz;
         ALTER TABLE {table} ALTER COLUMN task_id SET STATISTICS 500;
         ALTER TABLE {table} ALTER COLUMN task_id SET (n_distinct = -0.1);
         ALTER TABLE {table} REPLICA IDENTITY USING INDEX {table}_pkey;
         CREATE ROLE reader_of_{name};
         GRANT SELECT ON {table} TO reader_of_{name};"
    );
    // One by one, because a tablespace cannot be created in a transaction.
    for statement in options.split_inclusive(';') {
        database.execute(statement).unwrap();
    }
}

/// The values of these properties on a table.
fn options(database: &TestDatabase, table: &str) -> String {
    let query = format!(
        "SELECT concat_ws(' | ', c.reloptions, toast.reloptions, rows.spcname, c.relreplident,
                (SELECT string_agg(concat_ws(' ', attname, attstorage, attcompression, attstattarget,
                                             attoptions, attacl), ', ' ORDER BY attname)
                 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0),
                (SELECT string_agg(concat_ws(' ', i.reloptions, spcname, indisprimary, indisreplident,
                                             substring(pg_get_indexdef(i.oid) FROM 'USING .*')),
                                   ', ' ORDER BY indisprimary, pg_get_indexdef(i.oid) COLLATE \"C\")
                 FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid
                 LEFT JOIN pg_tablespace ON pg_tablespace.oid = i.reltablespace
                 WHERE indrelid = c.oid),
                (SELECT string_agg(concat_ws(' ', pubname, pg_get_expr(prqual, prrelid), prattrs), ', ')
                 FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
                 WHERE prrelid = c.oid),
                has_table_privilege('reader_of_{}', c.oid, 'SELECT'),
                has_table_privilege('reader_of_{0}', c.oid, 'INSERT'))
         FROM pg_class AS c JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
         LEFT JOIN pg_tablespace AS rows ON rows.oid = c.reltablespace
         WHERE c.oid = '{table}'::regclass",
        database.name()
    );
    database.execute(&query).unwrap()[0][0].clone().unwrap()
}

fn forget(database: &TestDatabase) {
    let name = database.name();
    database
        .execute(&format!(
            "DROP OWNED BY reader_of_{name}; DROP ROLE reader_of_{name}"
        ))
        .unwrap();
}

#[tokio::test]
async fn replacement_copies_the_properties_of_a_partition() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    aged(&postgres).await;
    set(&database, "task_history_2026_01");
    database
        .execute(
            "CREATE PUBLICATION copies FOR TABLE task_history_2026_01 (user_id, entry_id, task_id)
                 WHERE (user_id <> 'nobody');
             ALTER PUBLICATION copies SET (publish = 'insert');
             CREATE INDEX by_code ON task_history_2026_01 (error_code) WITH (fillfactor = 50)
                 WHERE error_code IS NOT NULL;
             CREATE STATISTICS pairs ON user_id, task_id FROM task_history_2026_01;
             COMMENT ON TABLE task_history_2026_01 IS 'kept on the slow disk'",
        )
        .unwrap();
    let before = options(&database, "task_history_2026_01");
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let results = drop_expired(&postgres, &policy).await;

    assert!(results[0].dropped && results[0].kept == 1, "{results:?}");
    let after = options(&database, "task_history_before_2026_02");
    assert_eq!(after, before);
    for set in [
        "fillfactor=70",
        "rows_of_",
        "keys_of_",
        "copies",
        "{n_distinct=-0.1}",
        "| t | f",
    ] {
        assert!(before.contains(set), "{set} is not in {before}");
    }
    let others = "SELECT obj_description('task_history_before_2026_02'::regclass), count(*)
                  FROM pg_statistic_ext WHERE stxrelid = 'task_history_before_2026_02'::regclass";
    let others = database.execute(others).unwrap();
    assert_eq!(
        others,
        [[
            Some("kept on the slow disk".to_owned()),
            Some("1".to_owned())
        ]]
    );
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    forget(&database);
}

#[tokio::test]
async fn new_months_copy_the_properties_of_the_table() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (histories, factory) = (postgres.task_history(), EntryFactory::default());
    factory
        .save(&histories, "old", &["2026-01-05"], Completed)
        .await;
    set(&database, "task_history");
    let before = options(&database, "task_history");

    postgres
        .admin()
        .partition(on("2026-02-10"), 1)
        .await
        .unwrap();
    postgres
        .admin()
        .partition(on("2026-02-10"), 2)
        .await
        .unwrap();
    factory
        .save(&histories, "late", &["2026-07-03"], Running)
        .await;
    postgres
        .admin()
        .partition(on("2026-07-10"), 2)
        .await
        .unwrap();

    for month in [
        "before_2026_03",
        "2026_03",
        "2026_04",
        "2026_05_until_2026_08",
        "2026_09",
        "from_2026_10",
    ] {
        let after = options(&database, &format!("task_history_{month}"));
        assert_eq!(after, before, "{month}");
    }
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    forget(&database);
}

#[tokio::test]
async fn partition_with_own_objects_is_not_dropped() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let (_, tasks) = aged(&postgres).await;
    database
        .execute(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
             CREATE TRIGGER audit BEFORE INSERT ON task_history_2026_01
                 FOR EACH ROW EXECUTE FUNCTION note()",
        )
        .unwrap();
    let policy = RetentionPolicy::terminal_before(on("2026-02-15"));

    let refused = drop_expired(&postgres, &policy).await;
    database
        .execute("DROP TRIGGER audit ON task_history_2026_01")
        .unwrap();
    let results = drop_expired(&postgres, &policy).await;

    assert!(
        failure(&refused).starts_with("task_history_2026_01 has trigger audit"),
        "{refused:?}"
    );
    assert!(results[0].dropped, "{results:?}");
    let gone = postgres.task_history().status(&tasks[0]).await.unwrap();
    assert_eq!(gone, None);
}
