//! The command `health`: its output and exit code.

use serde_json::json;
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

use super::imported::Imported;
use super::tool::run;

/// Waits long enough for a loaded machine.
const HEALTH: [&str; 3] = ["health", "--timeout", "60"];

#[test]
fn healthy_database_is_reported_with_details() {
    let imported = Imported::new();

    let health = imported.json(&HEALTH);

    let verdict = (&health["state"], &health["reasons"]);
    assert_eq!(verdict, (&json!("healthy"), &json!([])));
    assert_eq!(health["server"]["role"], "primary");
    assert_eq!(health["server"]["writable"], true);
    assert!(health["server"]["round_trip_ms"].as_f64() > Some(0.0));
    assert_eq!(health["schema"]["found"], health["schema"]["expected"]);
    imported.prints(&HEALTH, "healthy");
}

#[test]
fn database_without_the_schema_is_unhealthy() {
    let database = TestDatabase::new();

    let output = run([&HEALTH[..], &["--database-url", &database.url()]].concat());

    assert_eq!((output.code, &*output.stderr), (Some(1), ""), "{output:?}");
    let begins = "unhealthy\n- no store exists in the schema public: run `tasktrail migrate`, or";
    assert!(output.stdout.starts_with(begins), "{output:?}");
}

#[test]
fn read_only_role_is_unhealthy() {
    let imported = Imported::new();
    let reader = format!("reader_{}", imported.database.name());
    let create = format!(
        "CREATE ROLE {reader} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"
    );
    imported.database.execute(&create).unwrap();
    let url = imported
        .database
        .url()
        .replace("postgres@", &format!("{reader}@"));

    let output = run([&HEALTH[..], &["--database-url", &url]].concat());

    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(
        output.stdout.contains("lacks a privilege on the tables"),
        "{output:?}"
    );
}

#[test]
fn health_and_doctor_work_without_one_of_the_tables() {
    let imported = Imported::new();
    imported
        .database
        .execute("DROP TABLE task_summary")
        .unwrap();

    let health = imported.run(&[&HEALTH[..], &["--format", "json"]].concat());
    let doctor = imported.run(&["doctor", "--format", "json"]);

    assert_eq!(health.json()["server"]["role"], "primary");
    let differs = doctor.stdout.contains(r#""schema_drift""#);
    assert!(
        differs && !doctor.stdout.contains(r#""unresponsive""#),
        "{doctor:?}"
    );
}

/// `health` reports exactly one reason, the error of `migrate`.
fn is_refused_as_by_migrate(database: &TestDatabase) {
    let url = database.url();
    let migrate = run(["migrate", "--database-url", &url]);
    let health = run([&HEALTH[..], &["--database-url", &url, "--format", "json"]].concat());

    assert_eq!((migrate.code, health.code), (Some(1), Some(1)));
    let reason = migrate.stderr.trim_end().strip_prefix("error: ").unwrap();
    let health = health.json();
    assert_eq!(health["state"], "unhealthy");
    assert_eq!(health["reasons"], json!([reason]));
    assert!(health["server"]["version"].is_string(), "{health}");
}

#[test]
fn database_that_migrate_refuses_is_unhealthy_for_the_same_reason() {
    let foreign = TestDatabase::new();
    let table = "CREATE TABLE task_history (id int)";
    foreign.execute(table).unwrap();
    let elsewhere = TestDatabase::new();
    let url = elsewhere.url();
    run(["migrate", "--schema", "shop", "--database-url", &url]).good();

    is_refused_as_by_migrate(&TestDatabase::in_encoding(Server::shared(), "LATIN1"));
    is_refused_as_by_migrate(&foreign);
    is_refused_as_by_migrate(&elsewhere);
}

#[test]
fn sequence_behind_copied_rows_is_unhealthy() {
    let imported = Imported::new();
    let rewind = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1, false)";
    imported.database.execute(rewind).unwrap();

    is_refused_as_by_migrate(&imported.database);

    imported.run(&["migrate", "order"]).good();
    imported.prints(&HEALTH, "healthy");
}

#[test]
fn missing_privilege_is_reported_with_the_remedy() {
    let imported = Imported::new();
    let role = format!("service_{}", imported.database.name());
    let run_as_owner = |sql: &str| imported.database.execute(sql).unwrap();
    run_as_owner(&format!(
        "CREATE ROLE {role} LOGIN; REVOKE USAGE ON SCHEMA public FROM PUBLIC;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
    ));
    let as_role = format!("{role}@");
    let url = imported.database.url().replace("postgres@", &as_role);
    let is_forbidden = |denied: &str| {
        let output = run([&HEALTH[..], &["--database-url", &url]].concat());
        let reason =
            "- this role lacks a privilege: run the SQL that `tasktrail migrate roles` prints";
        assert_eq!(output.code, Some(1), "{output:?}");
        let text = format!("unhealthy\n{reason}: ");
        assert!(output.stdout.starts_with(&text), "{output:?}");
        assert!(output.stdout.contains(denied), "{output:?}");
        let doctor = run(["doctor", "--database-url", &url, "--format", "json"]);
        assert!(
            doctor.stdout.contains(r#""insufficient_privilege""#),
            "{doctor:?}"
        );
        assert!(doctor.stdout.contains(denied), "{doctor:?}");
        for code in [
            r#""unresponsive""#,
            r#""schema_missing""#,
            r#""foreign_table""#,
        ] {
            assert!(!doctor.stdout.contains(code), "{doctor:?}");
        }
    };

    is_forbidden("permission denied for schema public");
    run_as_owner(&format!(
        "GRANT USAGE ON SCHEMA public TO {role}; REVOKE SELECT ON tasktrail_migrations FROM {role}"
    ));
    is_forbidden("permission denied for table tasktrail_migrations");
    run_as_owner(&format!("GRANT SELECT ON tasktrail_migrations TO {role}"));
    // The role may not read the sequence, so its position is unknown. That alone is not unhealthy.
    run_as_owner("SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1, false)");
    let output = run([&HEALTH[..], &["--database-url", &url]].concat()).good();
    assert!(output.stdout.starts_with("healthy\n"), "{output:?}");
}

#[test]
fn schema_of_a_newer_version_is_degraded() {
    let imported = Imported::new();
    let newer = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    imported.database.execute(newer).unwrap();

    let health = imported.json(&HEALTH);

    assert_eq!(health["state"], "degraded");
    assert_eq!(health["schema"]["unknown"], json!(["29990101000000"]));
}

#[test]
fn frozen_and_dead_servers_are_unhealthy_within_the_timeout() {
    let server = ServerOptions::default().start().unwrap();
    let url = format!("postgres://postgres@{}/postgres", server.addr());
    let health = || {
        // A frozen server does not respond: without the timeout, this call would hang.
        let output = run(["health", "--database-url", &url, "--timeout", "0.5"]);
        assert_eq!((output.code, &*output.stderr), (Some(1), ""), "{output:?}");
        output.stdout
    };

    server.freeze();
    let frozen = health();
    server.thaw();
    server.kill();
    let dead = health();

    assert!(frozen.contains("no answer within 500ms"), "{frozen}");
    assert!(dead.contains("Connection refused"), "{dead}");
}

#[test]
fn timeout_out_of_range_is_refused() {
    let refused = run(["health", "--timeout", "0"]);

    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.stderr.contains("between 0.01 and 60 seconds"),
        "{refused:?}"
    );
}
