//! The order of new entries, also after rows were copied without the sequence of their ids.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step of a test is a panic"
)]

use std::sync::Arc;
use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind, RepositoryError};
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed, Running};
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus};
use tasktrail_postgres::{EntryOrder, MigrateError, PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_postgres_admin::{Administrable as _, DatabaseRoles};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};

const ENTRIES: &str = "SELECT FROM task_history";

async fn open(url: String, writers: u32) -> PostgresDatabase {
    let config = PostgresConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 16))
        .unwrap()
        .with_group_commit(writers);
    PostgresDatabase::connect(config).await.unwrap()
}

/// A migrated database, optionally partitioned.
async fn migrated(database: &TestDatabase, partitioned: bool) -> PostgresDatabase {
    let postgres = open(database.url(), 0).await;
    postgres.migrate().await.unwrap();
    if partitioned {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        postgres.admin().partition(now, 1).await.unwrap();
    }
    postgres
}

/// Saves three steps of `report`, and the first of them twice: ids 1 to 4.
async fn fill(postgres: &PostgresDatabase, writer: &Writer) {
    let history = postgres.task_history();
    for entry in writer.steps(&task("report"), 3) {
        history.save(&entry).await.unwrap();
    }
    let again = writer.step(&task("report"), 0, Completed);
    history.save(&again).await.unwrap();
}

/// Copies the rows of a database to another one on its server, without the sequence.
fn copy(from: &TestDatabase, to: &TestDatabase) {
    let rows = from.execute("SHOW data_directory").unwrap();
    let directory = rows[0][0].clone().unwrap();
    for table in ["task_history", "task_summary"] {
        let columns = match table {
            "task_summary" => {
                "(user_id, task_id, step_status, finished_status, error_code, finished_at, last_step,
                  last_entry, entries, created_at, last_updated)"
            }
            _ => "(user_id, task_id, step, entry_id, id, recorded_at, status, error_code, result)",
        };
        let file = format!("{directory}/{}_{table}", from.name());
        from.execute(&format!(
            "COPY (SELECT {} FROM {table}) TO '{file}'",
            &columns[1..columns.len() - 1]
        ))
        .unwrap();
        to.execute(&format!("COPY {table} {columns} FROM '{file}'"))
            .unwrap();
    }
}

fn assert_out_of_order(saved: Result<TaskStatus, RepositoryError>) {
    let error = saved.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Corrupt, Effect::NotApplied),
        "{error:?}"
    );
    let message = ErrorChain(&error).to_string();
    assert!(message.contains("tasktrail migrate order"), "{message}");
}

async fn assert_refused(postgres: &PostgresDatabase, order: EntryOrder) {
    let refused = postgres.migrate().await.unwrap_err();
    let MigrateError::OutOfOrder { next, greatest } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((next, Some(greatest)), (order.next, order.greatest));
    assert_eq!(postgres.entry_order().await.unwrap(), Some(order));
    let differences = postgres.check_schema().await.unwrap();
    let about: Vec<_> = differences.iter().map(|found| &*found.object).collect();
    assert_eq!(about, ["sequence task_history.id"], "{differences:?}");
    let found = postgres
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap();
    let found = found.findings.iter();
    let found: Vec<_> = found
        .filter(|found| found.code == FindingCode::SequenceBehind)
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].severity, Severity::Critical, "{found:?}");
}

async fn assert_sound(postgres: &PostgresDatabase) {
    postgres.migrate().await.unwrap();
    assert_eq!(postgres.check_schema().await.unwrap(), []);
    let found = postgres
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap();
    assert!(
        found
            .findings
            .iter()
            .all(|found| found.code != FindingCode::SequenceBehind)
    );
}

async fn a_copy_is_noticed_and_repaired(partitioned: bool) {
    let (source, target) = (TestDatabase::new(), TestDatabase::new());
    let writer = Writer::default();
    fill(&migrated(&source, partitioned).await, &writer).await;
    let postgres = migrated(&target, partitioned).await;
    assert_sound(&postgres).await;
    let next = postgres.entry_order().await.unwrap().unwrap().next;
    copy(&source, &target);
    let history = postgres.task_history();
    let before = history.trail_all(&task("report")).await.unwrap();
    let greatest = greatest(&target);
    let behind = EntryOrder {
        next,
        greatest: Some(greatest),
    };

    assert_refused(&postgres, behind).await;
    let again = writer.step(&task("report"), 1, Failed);
    assert_out_of_order(history.save(&again).await);
    assert_eq!(history.trail_all(&task("report")).await.unwrap(), before);
    let repaired = postgres.repair_entry_order().await.unwrap();
    let repeated = postgres.repair_entry_order().await.unwrap();

    // The refused save used an id.
    assert_eq!(
        (repaired.before.next, repaired.next),
        (next + 1, greatest + 1)
    );
    assert_eq!(
        (repeated.before.next, repeated.next),
        (greatest + 1, greatest + 1)
    );
    assert_eq!(repaired.suspect_tasks, 0);
    assert_sound(&postgres).await;
    history.save(&again).await.unwrap();
    let steps = history.load_all(&task("report")).await.unwrap();
    assert_eq!(steps[1], again);
}

fn greatest(database: &TestDatabase) -> i64 {
    let rows = database
        .execute("SELECT max(id) FROM task_history")
        .unwrap();
    rows[0][0].as_ref().unwrap().parse().unwrap()
}

#[tokio::test]
async fn copied_rows_are_detected_before_a_misplaced_save() {
    a_copy_is_noticed_and_repaired(false).await;
}

#[tokio::test]
async fn copied_rows_of_a_partitioned_store_are_detected() {
    a_copy_is_noticed_and_repaired(true).await;
}

#[tokio::test]
async fn sequence_between_existing_ids_misplaces_no_revision() {
    let database = TestDatabase::new();
    let postgres = migrated(&database, false).await;
    let writer = Writer::default();
    fill(&postgres, &writer).await;
    let history = postgres.task_history();
    // Step 2 has entry 3, step 0 entries 1 and 9: 4 is above the last step, but not step 0.
    database
        .execute(
            "ALTER TABLE task_history ALTER COLUMN id DROP IDENTITY;
             UPDATE task_history SET id = 9 WHERE id = 4;
             ALTER TABLE task_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START 4)",
        )
        .unwrap();
    let late = writer.step(&task("report"), 0, Failed);
    let next = writer.step(&task("report"), 3, Running);

    assert_out_of_order(history.save(&late).await);
    assert_out_of_order(history.save_batch(&[late, next]).await.map(|_| Running));
    // The first entry of this batch gets id 2. The second one, of the highest step, gets 3 or more.
    let rewind = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1)";
    database.execute(rewind).unwrap();
    let batch = [1, 2, 3].map(|step| writer.step(&task("report"), step, Running));
    assert_out_of_order(history.save_batch(&batch).await.map(|_| Running));
    database.execute(&rewind.replace("1)", "2)")).unwrap();
    assert_out_of_order(history.save(&writer.step(&task("report"), 2, Failed)).await);

    assert_eq!(history.trail_all(&task("report")).await.unwrap().len(), 4);
}

#[tokio::test]
async fn refused_save_does_not_affect_its_batch() {
    let database = TestDatabase::new();
    let writer = Writer::default();
    fill(&migrated(&database, false).await, &writer).await;
    let rewind = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1, false)";
    database.execute(rewind).unwrap();
    let history = Arc::new(open(database.url(), 1).await.task_history());
    // Refused saves use ids, so the next ones start after them.
    let calls = (0..40).map(|number| {
        let of = if number == 0 {
            task("report")
        } else {
            task(&format!("task-{number}"))
        };
        let entry = writer.step(&of, 0, Running);
        let history = Arc::clone(&history);
        tokio::spawn(async move { history.save(&entry).await })
    });
    let calls: Vec<_> = calls.collect();

    let mut refused = 0;
    for (number, call) in calls.into_iter().enumerate() {
        match call.await.unwrap() {
            Ok(status) => assert_eq!(status, Running),
            Err(error) => {
                assert_eq!(number, 0, "{error:?}");
                assert_out_of_order(Err(error));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_saves_of_a_task_are_not_refused() {
    for writers in [0, 4] {
        let database = TestDatabase::new();
        migrated(&database, false).await;
        let history = Arc::new(open(database.url(), writers).await.task_history());
        let writer = Arc::new(Writer::default());
        let callers = (0_u16..64).map(|caller| {
            let (history, writer) = (Arc::clone(&history), Arc::clone(&writer));
            tokio::spawn(async move {
                for round in 0_u16..10 {
                    let step = (caller + round) % 7;
                    let entry = writer.step(&task("report"), step, Running);
                    history.save(&entry).await.unwrap();
                    history
                        .save_batch(&writer.steps(&task("report"), 7))
                        .await
                        .unwrap();
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            caller.await.unwrap();
        }

        let trail = history.trail_all(&task("report")).await.unwrap();
        assert_eq!(trail.len(), 64 * 10 * 8);
    }
}

#[tokio::test]
async fn connect_checks_a_readable_sequence_and_saves_always_do() {
    let (source, target) = (TestDatabase::new(), TestDatabase::new());
    let writer = Writer::default();
    fill(&migrated(&source, false).await, &writer).await;
    migrated(&target, false).await;
    let (owner, runtime) = (
        format!("owner_{}", target.name()),
        format!("runtime_{}", target.name()),
    );
    let roles = DatabaseRoles::new(&owner, &runtime, "public").unwrap();
    target.execute(&roles.sql()).unwrap();
    copy(&source, &target);
    let url = target.url().replace("postgres@", &format!("{runtime}@"));
    let service = open(url, 0).await;

    let refused = service.migrate().await.unwrap_err();
    assert!(
        matches!(refused, MigrateError::OutOfOrder { .. }),
        "{refused:?}"
    );
    let repair = service.repair_entry_order().await.unwrap_err();
    assert!(
        matches!(repair, MigrateError::NotOwner { .. }),
        "{repair:?}"
    );
    target
        .execute(&format!(
            "REVOKE ALL ON SEQUENCE task_history_id_seq FROM {runtime}"
        ))
        .unwrap();
    service.migrate().await.unwrap();
    assert_eq!(service.entry_order().await.unwrap(), None);
    let found = service
        .admin()
        .diagnose(&DiagnosisOptions::default())
        .await
        .unwrap();
    let hidden = found.findings.iter().any(|found| {
        found.code == FindingCode::MissingPrivilege && found.summary.contains("sequence")
    });
    assert!(hidden, "{:?}", found.findings);
    let again = writer.step(&task("report"), 1, Failed);
    assert_out_of_order(service.task_history().save(&again).await);
}

#[tokio::test]
async fn replicated_store_is_refused_until_its_sequence_is_repaired() {
    let logical = || {
        ServerOptions::default()
            .setting("wal_level", "logical")
            .start()
            .unwrap()
    };
    let (publisher, subscriber): (Server, Server) = (logical(), logical());
    let (source, target) = (
        TestDatabase::create(&publisher),
        TestDatabase::create(&subscriber),
    );
    let writer = Writer::default();
    let old = migrated(&source, false).await;
    fill(&old, &writer).await;
    let new = migrated(&target, false).await;
    source
        .execute("CREATE PUBLICATION upgrade FOR TABLE task_history, task_summary")
        .unwrap();
    let address = publisher.addr();
    target
        .execute(&format!(
            "CREATE SUBSCRIPTION upgrade CONNECTION 'host={} port={} user=postgres dbname={}'
             PUBLICATION upgrade",
            address.ip(),
            address.port(),
            source.name()
        ))
        .unwrap();
    wait_until("the rows arrive", || {
        target.execute(ENTRIES).unwrap().len() == 4
    });
    // Saves from now on are streamed rather than copied.
    for entry in writer.steps(&task("late"), 3) {
        old.task_history().save(&entry).await.unwrap();
    }
    wait_until("the stream arrives", || {
        target.execute(ENTRIES).unwrap().len() == 7
    });
    target.execute("DROP SUBSCRIPTION upgrade").unwrap();

    assert_refused(
        &new,
        EntryOrder {
            next: 1,
            greatest: Some(7),
        },
    )
    .await;
    let entry = writer.step(&task("late"), 0, Failed);
    assert_out_of_order(new.task_history().save(&entry).await);
    assert_eq!(new.repair_entry_order().await.unwrap().next, 8);
    assert_sound(&new).await;
    new.task_history().save(&entry).await.unwrap();
    let steps = new.task_history().load_all(&task("late")).await.unwrap();
    assert_eq!(steps[0], entry);
}

#[tokio::test]
async fn repair_names_tasks_with_misplaced_revisions() {
    let database = TestDatabase::new();
    let postgres = migrated(&database, false).await;
    let writer = Writer::default();
    fill(&postgres, &writer).await;
    // Stored as by a program without the check: the later revision has the smaller id.
    database
        .execute(
            "ALTER TABLE task_history ALTER COLUMN id DROP IDENTITY;
             UPDATE task_history SET id = 5 - id, recorded_at = recorded_at + id * interval '1 hour';
             ALTER TABLE task_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (START 5)",
        )
        .unwrap();

    let repaired = postgres.repair_entry_order().await.unwrap();

    assert_eq!((repaired.before.next, repaired.next), (5, 5));
    assert_eq!(repaired.suspect_tasks, 1);
    assert_eq!(repaired.first_suspect_tasks[0].task_id, "report");
}
