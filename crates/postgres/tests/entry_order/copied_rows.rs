//! Rows that were copied without the sequence of their ids: what reports them, and the repair.

use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::task_history::TaskStatus::Failed;
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskHistoryRepositoryExt};
use tasktrail_postgres::{EntryOrder, MigrateError, PostgresDatabase};
use tasktrail_postgres_admin::diagnosis::{DiagnosisOptions, FindingCode, Severity};
use tasktrail_postgres_admin::{Administrable as _, DatabaseRoles};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};

use super::{assert_out_of_order, fill, migrated, open};

const ENTRIES: &str = "SELECT FROM task_history";

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
    let behind = EntryOrder::new(next, Some(greatest));

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

    assert_refused(&new, EntryOrder::new(1, Some(7))).await;
    let entry = writer.step(&task("late"), 0, Failed);
    assert_out_of_order(new.task_history().save(&entry).await);
    assert_eq!(new.repair_entry_order().await.unwrap().next, 8);
    assert_sound(&new).await;
    new.task_history().save(&entry).await.unwrap();
    let steps = new.task_history().load_all(&task("late")).await.unwrap();
    assert_eq!(steps[0], entry);
}
