//! The subcommands of `migrate`: up, down, SQL output and comparison.

mod schemas;

use std::thread;

use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::imported::{Imported, saved};
use super::tool::{Run, run};

const VERSION: &str = "202611210000000000";
const LATER: &str = "202611280000000000";
const VERSIONS: [&str; 2] = [VERSION, LATER];

fn migrate(url: &str, args: &[&str]) -> Run {
    run([&["migrate"], args, &["--database-url", url]].concat())
}

#[track_caller]
fn answer(url: &str, args: &[&str]) -> Value {
    let args = [args, &["--format", "json"]].concat();
    migrate(url, &args).good().json()
}

/// The user tables of a database, with their schemas.
fn tables(database: &TestDatabase) -> Vec<String> {
    let names = "SELECT format('%s.%s', schemaname, tablename) FROM pg_tables
                 WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
    let rows = database.execute(names).unwrap();
    rows.into_iter().flatten().flatten().collect()
}

#[test]
fn status_lists_every_migration_with_its_time() {
    let database = TestDatabase::new();
    let url = database.url();

    let before = answer(&url, &["status"]);
    migrate(&url, &["up"]).good();
    let after = answer(&url, &["status"]);
    let unknown = "INSERT INTO tasktrail_migrations VALUES ('203001010000000000')";
    database.execute(unknown).unwrap();
    let newer = answer(&url, &["status"]);

    let pending = |version, name| json!({ "version": version, "name": name, "state": "pending", "applied_at": null });
    assert_eq!(
        before,
        json!([
            pending(VERSION, "create_task_history"),
            pending(LATER, "create_orchestration")
        ])
    );
    for applied in after.as_array().unwrap() {
        assert_eq!(applied["state"], "applied");
        assert!(applied["applied_at"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!((&newer[0], &newer[1]), (&after[0], &after[1]));
    assert_eq!(
        (&newer[2]["state"], &newer[2]["name"]),
        (&json!("unknown"), &Value::Null)
    );
    let table = migrate(&url, &["status"]).good().stdout;
    assert!(
        table.contains(VERSION) && table.contains("applied (UTC)"),
        "{table}"
    );
}

#[test]
fn dry_run_changes_nothing() {
    let imported = Imported::new();
    let before = tables(&imported.database);
    let empty = TestDatabase::new();

    let up = answer(&empty.url(), &["up", "--dry-run"]);
    let down = answer(&imported.database.url(), &["down", "--dry-run"]);

    assert_eq!(
        (&up["dry_run"], &up["migrated"]),
        (&json!(true), &json!(VERSIONS))
    );
    assert_eq!(
        (&up["applied"], &up["pending"]),
        (&json!([]), &json!(VERSIONS))
    );
    assert_eq!(tables(&empty), Vec::<String>::new());
    assert_eq!(
        (&down["reverted"], &down["applied"]),
        (&json!([LATER]), &json!(VERSIONS))
    );
    assert_eq!(tables(&imported.database), before);
    assert_eq!(saved(&imported.database), 5);
}

#[test]
fn version_prefix_selects_a_migration_and_an_unknown_version_is_refused() {
    let database = TestDatabase::new();
    let url = database.url();
    let label = format!("{VERSION} create_task_history");

    migrate(&url, &["up", "--to", "2027"]).failed(
        2,
        "error: no migration has the version or name 2027; known: ",
        &format!("{label}, {LATER} create_orchestration"),
    );
    migrate(&url, &["down", "--to", "create_task", "--yes"]).failed(
        2,
        &format!("error: migration {label} is not applied"),
        "so the schema cannot be reverted to it",
    );
    assert_eq!(tables(&database), Vec::<String>::new());

    assert_eq!(
        answer(&url, &["up", "--to", "create_task"])["migrated"],
        json!([VERSION])
    );
    let nothing = answer(&url, &["down", "--to", "2026-11-21", "--yes"]);
    assert_eq!(
        (&nothing["reverted"], &nothing["applied"]),
        (&json!([]), &json!([VERSION]))
    );
}

#[test]
fn down_reports_the_data_loss_and_requires_confirmation() {
    let imported = Imported::new();
    let url = imported.database.url();

    let refused = migrate(&url, &["down"]).failed(2, "error: this removes data", "to confirm");
    let printed = migrate(&url, &["down", "--all", "--dry-run"]).good().stdout;
    assert_eq!(
        (refused.stdout.as_str(), saved(&imported.database)),
        ("", 5)
    );
    assert!(
        printed.contains("The whole history goes with the tables"),
        "{printed}"
    );
    let contents = "The database contains about 3 tasks with about 5 entries.";
    assert!(printed.contains(contents), "{printed}");

    let down = answer(&url, &["down", "--all", "--yes"]);

    assert_eq!(
        (&down["reverted"], &down["pending"]),
        (&json!([LATER, VERSION]), &json!(VERSIONS))
    );
    assert_eq!(tables(&imported.database), ["public.tasktrail_migrations"]);
    assert_eq!(
        answer(&url, &["down", "--all"])["reverted"],
        json!([]),
        "no confirmation is needed if nothing is reverted"
    );
    assert_eq!(answer(&url, &["up"])["migrated"], json!(VERSIONS));
}

#[test]
fn concurrent_processes_revert_each_migration_once() {
    let database = TestDatabase::new();
    let url = database.url();
    migrate(&url, &["up"]).good();

    let reverted: usize = thread::scope(|scope| {
        let down = || answer(&url, &["down", "--all", "--yes"])["reverted"].clone();
        let processes: Vec<_> = (0..6).map(|_| scope.spawn(down)).collect();
        let answers = processes.into_iter().map(|process| process.join().unwrap());
        answers
            .map(|reverted| reverted.as_array().unwrap().len())
            .sum()
    });

    assert_eq!(reverted, VERSIONS.len());
    assert_eq!(tables(&database), ["public.tasktrail_migrations"]);
}

#[test]
fn printed_sql_has_the_same_effect_as_migrate() {
    let database = TestDatabase::new();
    let url = database.url();
    let pending = migrate(&url, &["sql"]).good().stdout;
    // Needs no database.
    let all = run(["migrate", "sql", "--all"]).good().stdout;
    assert_eq!(pending, all);

    database.execute(&all).unwrap();

    migrate(&url, &["check"]).good();
    migrate(&url, &["--check"]).good();
    let status = answer(&url, &["status"]);
    assert_eq!(
        (&status[0]["version"], &status[0]["state"]),
        (&json!(VERSION), &json!("applied"))
    );
    let ours = answer(&url, &["up"]);
    assert_eq!(ours["migrated"], json!([]));
    assert!(
        migrate(&url, &["sql"])
            .good()
            .stdout
            .ends_with("there is nothing to do.\n")
    );

    for _ in VERSIONS {
        let down = answer(&url, &["sql", "--down"]);
        database.execute(down["sql"].as_str().unwrap()).unwrap();
    }

    assert_eq!(answer(&url, &["status"])[0]["state"], "pending");
    assert_eq!(tables(&database), ["public.tasktrail_migrations"]);
}

#[test]
fn sql_and_status_work_read_only() {
    let database = TestDatabase::new();
    let role = format!("reader_of_{}", database.name());
    let reader = format!(
        "CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET default_transaction_read_only = on"
    );
    database.execute(&reader).unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));

    let pending = migrate(&url, &["sql"]).good();
    let status = answer(&url, &["status"]);

    assert!(
        pending.stdout.contains("CREATE TABLE task_history"),
        "{pending:?}"
    );
    assert_eq!(status[0]["state"], "pending");
    database.execute(&format!("DROP ROLE {role}")).unwrap();
}

#[test]
fn check_lists_each_kind_of_difference_and_exits_with_1() {
    let database = TestDatabase::new();
    let url = database.url();
    migrate(&url, &["up"]).good();
    let same = migrate(&url, &["check"]).good().stdout;
    assert_eq!(same, "the schema matches this version\n");
    let changes = "DROP INDEX task_history_step_idx;
                   ALTER TABLE task_history ALTER step TYPE bigint;
                   COMMENT ON COLUMN task_summary.entries IS NULL;
                   ALTER TABLE task_summary ADD extra int";
    database.execute(changes).unwrap();

    let differs = migrate(&url, &["check"]);
    let document = migrate(&url, &["check", "--format", "json"]).json();

    assert_eq!(
        (differs.code, &*differs.stderr),
        (Some(1), ""),
        "{differs:?}"
    );
    let lines: Vec<_> = differs.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "different column task_history.step: expected integer NOT NULL, found bigint NOT NULL",
            "missing index task_history.task_history_step_idx: \
             btree (user_id, task_id, step, id DESC)",
            "missing comment task_summary.entries: \
             The number of entries of the task, all revisions counted.",
            "unexpected column task_summary.extra: integer",
        ]
    );
    let extra =
        json!({ "object": "column task_summary.extra", "expected": null, "found": "integer" });
    assert_eq!(document["differences"][3], extra);
}

#[test]
fn check_of_an_empty_database_lists_each_table_as_missing() {
    let database = TestDatabase::new();

    let differs = migrate(&database.url(), &["check"]);

    let is_missing =
        |line: &str| line.starts_with("missing table ") && line.ends_with(": permanent");
    let lines: Vec<_> = differs.stdout.lines().collect();
    assert_eq!((differs.code, lines.len()), (Some(1), 11), "{differs:?}");
    assert!(lines.iter().all(|line| is_missing(line)), "{differs:?}");
    assert!(lines.contains(&"missing table task_history: permanent"));
}

#[test]
fn check_flag_refuses_a_subcommand_and_every_subcommand_has_help() {
    let check = run(["migrate", "--check", "status"]);
    check.failed(
        2,
        "error: --check cannot be combined with a subcommand",
        "compares the schema",
    );

    for name in ["status", "up", "down", "sql", "check", "roles"] {
        let help = run(["migrate", name, "--help"]).good().stdout;
        let widest = help.lines().map(|line| line.chars().count()).max();
        assert!(
            help.contains("Examples:") && widest <= Some(100),
            "{name}: {help}"
        );
    }
}
