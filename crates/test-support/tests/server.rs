//! Servers, databases and simple queries.

use std::thread;

use tasktrail_test_support::simple_query::{self, QueryError};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

#[test]
fn every_test_gets_its_own_empty_database() {
    let (one, other) = (TestDatabase::new(), TestDatabase::new());
    one.execute("CREATE TABLE task (id int); INSERT INTO task VALUES (1)")
        .unwrap();
    assert_eq!(
        one.execute("SELECT id FROM task").unwrap(),
        [[Some("1".to_owned())]]
    );
    let refused = other.execute("SELECT id FROM task").unwrap_err();
    assert!(matches!(refused, QueryError::Refused { code, .. } if code == "42P01"));
}

#[test]
fn databases_can_be_created_concurrently() {
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| TestDatabase::new().execute("SELECT 1").unwrap());
        }
    });
}

#[test]
fn a_copy_has_the_contents_of_its_template() {
    let template = TestDatabase::new();
    template
        .execute("CREATE TABLE task (id int); INSERT INTO task VALUES (7)")
        .unwrap();
    let copy = TestDatabase::from_template(&template);
    assert_eq!(
        copy.execute("SELECT id FROM task").unwrap(),
        [[Some("7".to_owned())]]
    );
}

#[test]
fn a_dropped_database_no_longer_exists() {
    let database = TestDatabase::new();
    let name = database.name().to_owned();
    drop(database);
    let refused = simple_query::execute(Server::shared().addr(), &name, "SELECT 1").unwrap_err();
    assert!(matches!(refused, QueryError::Refused { code, .. } if code == "3D000"));
}

#[test]
fn values_are_returned_as_text_or_null_in_order() {
    let rows = TestDatabase::new()
        .execute("SELECT 1, NULL, ''; SELECT 'ü'")
        .unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [vec![text("1"), None, text("")], vec![text("ü")]]);
}

#[test]
fn statements_after_a_failed_one_do_not_run() {
    let database = TestDatabase::new();
    let refused = database
        .execute("CREATE TABLE t (id int); SELECT 1 / 0")
        .unwrap_err();
    assert_eq!(refused.to_string(), "division by zero (22012)");
    assert_eq!(
        database.execute("SELECT to_regclass('t')").unwrap(),
        [[None]]
    );
}

#[test]
fn options_reach_the_server() {
    let server = ServerOptions::default()
        .durable()
        .max_connections(23)
        .setting("work_mem", "1MB")
        .setting("work_mem", "2MB")
        .setting("cluster_name", r"it's a \ server")
        .start()
        .unwrap();
    let show = |name: &str| {
        let rows = simple_query::execute(server.addr(), "postgres", &format!("SHOW {name}"));
        rows.unwrap().concat().remove(0).unwrap()
    };
    assert_eq!(show("fsync"), "on");
    assert_eq!(show("synchronous_commit"), "on");
    assert_eq!(show("max_connections"), "23");
    assert_eq!(show("work_mem"), "2MB");
    assert_eq!(show("cluster_name"), r"it's a \ server");
    assert_eq!(show("TimeZone"), "UTC");
    assert!(server.log().contains("ready to accept connections"));
}

#[test]
fn only_the_given_role_needs_its_password() {
    let server = ServerOptions::default()
        .asks_for_the_password_of("guarded")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let create = "CREATE ROLE guarded LOGIN PASSWORD 'right'";
    database.execute(create).unwrap();
    let stored =
        "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'guarded'";
    assert_eq!(database.execute(stored).unwrap(), [[Some("t".to_owned())]]);
    let asked = "SELECT auth_method FROM pg_hba_file_rules WHERE 'guarded' = ANY (user_name)";
    assert_eq!(
        database.execute(asked).unwrap(),
        [[Some("scram-sha-256".to_owned())]]
    );
}
