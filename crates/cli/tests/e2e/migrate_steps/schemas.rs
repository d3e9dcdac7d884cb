//! A store in another schema, and databases and schemas that are refused.

use serde_json::json;
use tasktrail_test_support::{Server, TestDatabase};

use super::super::tool::{Run, run};
use super::{LATER, VERSION, VERSIONS, answer, migrate, tables};

#[test]
fn subcommands_work_in_another_schema() {
    let database = TestDatabase::new();
    let url = format!("{}?schema=shop", database.url());

    let sql = migrate(&url, &["sql"]).good().stdout;
    let all = run(["migrate", "sql", "--all", "--schema", "shop"]).good();
    assert_eq!(sql, all.stdout);
    assert_eq!(answer(&url, &["up"])["migrated"], json!(VERSIONS));
    migrate(&url, &["check"]).good();
    let shop = tables(&database);
    assert!(shop.contains(&"shop.task_history".to_owned()), "{shop:?}");
    assert!(
        shop.iter().all(|table| table.starts_with("shop.")),
        "{shop:?}"
    );
    migrate(&database.url(), &["status"]).failed(
        1,
        "error: no schema is configured, and a store exists in a schema other than public: shop",
        "or to public to use that schema",
    );
    let public = answer(&database.url(), &["status", "--schema", "public"]);
    assert_eq!(public[0]["state"], "pending");

    assert_eq!(
        answer(&url, &["down", "--all", "--yes"])["reverted"],
        json!([LATER, VERSION])
    );
    database.execute("DROP SCHEMA shop CASCADE").unwrap();
    database.execute(&sql).unwrap();
    let here = ["--schema", "shop"];
    migrate(&database.url(), &[&["check"], &here[..]].concat()).good();
    let status = answer(&database.url(), &[&["status"], &here[..]].concat());
    assert_eq!(status[0]["state"], "applied");
    assert_eq!(tables(&database), shop);
}

#[test]
fn command_names_the_schema_that_has_the_store() {
    let database = TestDatabase::new();
    migrate(&database.url(), &["up", "--schema", "shop"]).good();

    let tasks = run(["tasks", "alice", "--database-url", &database.url()]);

    tasks.failed(
        1,
        "error: no schema is configured, and a store exists in a schema other than public: shop",
        "or to public to use that schema",
    );
    let doctor = run(["doctor", "--database-url", &database.url()]);
    assert_eq!(doctor.code, Some(1));
    assert_only_schema_finding(&doctor, "[other_store]");
    run([
        "tasks",
        "alice",
        "--schema",
        "shop",
        "--database-url",
        &database.url(),
    ])
    .good();
}

#[test]
fn every_command_refuses_a_database_in_another_encoding() {
    let database = TestDatabase::in_encoding(Server::shared(), "LATIN1");
    let url = database.url();
    let refusal = format!(
        "error: the database {} has the encoding LATIN1",
        database.name()
    );

    for args in [&["up"][..], &["check"], &["status"], &["sql"]] {
        migrate(&url, args).failed(1, &refusal, "ENCODING 'UTF8' TEMPLATE template0");
    }
    let doctor = run(["doctor", "--database-url", &url]);
    assert_eq!(doctor.code, Some(1));
    assert_only_schema_finding(&doctor, "[encoding]");
    assert_eq!(tables(&database), Vec::<String>::new());
}

#[test]
fn every_subcommand_refuses_a_foreign_table() {
    let database = TestDatabase::new();
    database
        .execute("CREATE TABLE task_history (id int)")
        .unwrap();
    let url = database.url();

    for args in [&["up"][..], &["check"], &["status"], &["sql"]] {
        let refusal =
            "error: task_history in the schema public is not Tasktrail's: it has no column user_id";
        migrate(&url, args).failed(1, refusal, "set `schema` (TASKTRAIL_SCHEMA)");
    }
    let doctor = run(["doctor", "--database-url", &url]);
    assert_only_schema_finding(&doctor, "[foreign_table]");
    migrate(&url, &["up", "--schema", "shop"]).good();
}

/// The finding is reported without consequential ones: migrating would not help, and no check fails
/// because of the missing tables.
#[track_caller]
fn assert_only_schema_finding(doctor: &Run, code: &str) {
    assert!(doctor.stdout.contains(code), "{doctor:?}");
    for consequence in ["[schema_missing]", "[check_failed]"] {
        assert!(!doctor.stdout.contains(consequence), "{doctor:?}");
    }
}
