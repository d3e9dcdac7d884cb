//! The verdict for probes: its words and its exit code.

use serde_json::json;
use tasktrail_test_support::{ServerOptions, TestDatabase};

use super::imported::Imported;
use super::tool::run;

#[test]
fn a_healthy_database_is_told_with_what_was_found() {
    let imported = Imported::new();

    let health = imported.json(&["health"]);

    let verdict = (&health["state"], &health["reasons"]);
    assert_eq!(verdict, (&json!("healthy"), &json!([])));
    assert_eq!(health["server"]["role"], "primary");
    assert_eq!(health["server"]["writable"], true);
    assert!(health["server"]["round_trip_ms"].as_f64() > Some(0.0));
    assert_eq!(health["schema"]["found"], health["schema"]["expected"]);
    imported.says(&["health"], "healthy");
}

#[test]
fn a_database_without_the_schema_is_unhealthy() {
    let database = TestDatabase::new();

    let said = run(["health", "--database-url", &database.url()]);

    assert_eq!((said.code, &*said.stderr), (Some(1), ""), "{said:?}");
    let begins = "unhealthy\n- the schema is not there: it has to be migrated\n";
    assert!(said.stdout.starts_with(begins), "{said:?}");
}

#[test]
fn a_role_that_may_only_read_is_unhealthy() {
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

    let said = run(["health", "--database-url", &url]);

    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stdout.contains("may not read and write"), "{said:?}");
}

#[test]
fn a_schema_of_a_newer_program_is_degraded() {
    let imported = Imported::new();
    let newer = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    imported.database.execute(newer).unwrap();

    let health = imported.json(&["health"]);

    assert_eq!(health["state"], "degraded");
    assert_eq!(health["schema"]["unknown"], json!(["29990101000000"]));
}

#[test]
fn a_frozen_server_and_a_dead_one_are_unhealthy_within_the_limit() {
    let server = ServerOptions::default().start().unwrap();
    let url = format!("postgres://postgres@{}/postgres", server.addr());
    let health = || {
        // The server answers nothing meanwhile: without the limit this would not end.
        let said = run(["health", "--database-url", &url, "--timeout", "0.5"]);
        assert_eq!((said.code, &*said.stderr), (Some(1), ""), "{said:?}");
        said.stdout
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
fn a_time_limit_out_of_range_is_refused() {
    let refused = run(["health", "--timeout", "0"]);

    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused.stderr.contains("between 0.01 and 60 seconds"),
        "{refused:?}"
    );
}
