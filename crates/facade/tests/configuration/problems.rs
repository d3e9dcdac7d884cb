//! Every problem is reported with its source.

use super::{assert_problems, assert_refused, assert_shown, load};

#[test]
fn missing_parts_of_the_location_are_reported() {
    assert!(load(&[]).unwrap_err().names_no_database());
    assert!(
        load(&[("DATABASE_URL", "")])
            .unwrap_err()
            .names_no_database()
    );
    assert!(
        load(&[("DB_PASSWORD", "p")])
            .unwrap_err()
            .names_no_database()
    );
    assert_problems(
        &[("DB_PORT", "5432")],
        &[
            "DB_HOST: is not set, but DB_PORT is",
            "DB_NAME: is not set, but DB_PORT is",
            "DB_USER: is not set, but DB_PORT is",
        ],
    );
    assert_problems(
        &[("POSTGRES_HOST", "h"), ("POSTGRES_USER", "u")],
        &["POSTGRES_DATABASE: is not set, but POSTGRES_HOST is"],
    );
}

#[test]
fn url_and_host_in_the_same_source_are_refused() {
    assert_problems(
        &[("TASKTRAIL_URL", "postgres://a/d"), ("TASKTRAIL_HOST", "b")],
        &["TASKTRAIL_HOST: host conflicts with the URL in TASKTRAIL_URL: set only one of them"],
    );
}

#[test]
fn two_variables_for_one_setting_must_agree() {
    assert_refused(
        &[("DB_MAX_SIZE", "5"), ("DB_MAX_CONNECTIONS", "6")],
        &[
            "DB_MAX_CONNECTIONS: pool.max_connections is \"6\" here and \"5\" in DB_MAX_SIZE: set only \
           one of them",
        ],
    );
    assert_shown(
        &[("DB_POOL_TIMEOUT", "30"), ("DB_CONNECTION_TIMEOUT", "30s")],
        &["acquire_timeout: 30s"],
    );
    assert_shown(
        &[
            ("DB_POOL_TIMEOUT", "30"),
            ("DB_CONNECTION_TIMEOUT", "5"),
            ("TASKTRAIL_POOL_ACQUIRE_TIMEOUT", "2"),
        ],
        &["acquire_timeout: 2s"],
    );
}

#[test]
fn every_problem_is_listed_with_source_and_allowed_values() {
    assert_refused(
        &[
            ("DB_POOL_TIMEOUT", "soon"),
            ("DB_POOL_SIZE", "0"),
            ("DB_SSL_MODE", "allow"),
            ("DB_COMMAND_TIMEOUT", "never"),
            ("TASKTRAIL_POOL_LEAK_THRESHOLD", "10ms"),
            ("TASKTRAIL_RETRY_ENABLED", "maybe"),
            ("TASKTRAIL_RETRY_MAX_RETRYS", "3"),
        ],
        &[
            "TASKTRAIL_RETRY_MAX_RETRYS: unknown variable, did you mean \
             `TASKTRAIL_RETRY_MAX_RETRIES`?",
            "TASKTRAIL_RETRY_ENABLED: retry.enabled must be true or false, got \"maybe\"",
            "DB_COMMAND_TIMEOUT: statement_timeout must be a number of seconds or like 500ms, 30s, \
             10m, 1h: 1ms to 24h, 0 for none, got \"never\"",
            "DB_SSL_MODE: tls.mode must be disable, prefer, require, verify-ca or verify-full, got \
             \"allow\"",
            "DB_POOL_TIMEOUT: pool.acquire_timeout must be a number of seconds or like 500ms, 30s, \
             10m, 1h: 1ms to 1h, got \"soon\"",
            "DB_POOL_SIZE: pool.max_connections must be between 1 and 10000, got \"0\"",
            "TASKTRAIL_POOL_LEAK_THRESHOLD: pool.leak_threshold must be between 1s and 86400s, got \
             \"10ms\"",
        ],
    );
}

#[test]
fn settings_are_checked_without_a_location() {
    assert_problems(
        &[("DB_POOL_RECYCLE", "0")],
        &[
            "no database is configured: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER \
             (optionally DB_PORT and DB_PASSWORD)",
            "DB_POOL_RECYCLE: pool.max_lifetime must be between 1s and 604800s, got \"0\"",
        ],
    );
}

#[test]
fn problem_with_two_settings_names_both() {
    assert_refused(
        &[("DB_MIN_SIZE", "9"), ("DB_MAX_SIZE", "8")],
        &[
            "DB_MIN_SIZE: pool.min_connections must be at most pool.max_connections, which is 8 in \
           DB_MAX_SIZE, got \"9\"",
        ],
    );
    assert_refused(
        &[("TASKTRAIL_TIMEOUT_ATTEMPT", "1h")],
        &[
            "TASKTRAIL_TIMEOUT_ATTEMPT: retry.max_elapsed_time must be more than timeout.attempt of 3600s, got \
           3600s",
        ],
    );
}

#[test]
fn host_with_url_or_port_is_refused() {
    let parts = |host| [("DB_HOST", host), ("DB_NAME", "d"), ("DB_USER", "u")];
    let allowed = "host names, addresses or socket directories, separated by commas, without ports";

    assert_problems(
        &parts("db:5432"),
        &[&format!("DB_HOST: host must be {allowed}, got \"db:5432\"")],
    );
    assert_problems(
        &parts("postgres://me:hush@db"),
        &[&format!(
            "DB_HOST: host must be {allowed}, got something else (not shown, it may hold a password)"
        )],
    );
    assert_eq!(load(&parts("a,b")).unwrap().address(), "a:5432,b:5432/d");
}
