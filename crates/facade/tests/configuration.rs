//! Configuration from the environment: precedence and errors.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use tasktrail::{ConfigError, DatabaseConfig};

type Variables<'a> = &'a [(&'a str, &'a str)];

fn load(variables: Variables<'_>) -> Result<DatabaseConfig, ConfigError> {
    DatabaseConfig::sources()
        .variables(variables.iter().copied())
        .load()
}

/// The configuration as `Debug` shows it, which shows every setting.
#[track_caller]
fn shown(variables: Variables<'_>) -> String {
    match load(variables) {
        Ok(config) => format!("{config:?}"),
        Err(error) => format!("{error}"),
    }
}

/// Asserts that `Debug` of the configuration contains all of `expected`. Adds a location.
#[track_caller]
fn assert_shown(variables: Variables<'_>, expected: &[&str]) {
    let url = [("DATABASE_URL", "postgres://h/d")];
    let all: Vec<_> = url.iter().chain(variables).copied().collect();
    let shown = shown(&all);
    for expected in expected {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

#[track_caller]
fn assert_problems(variables: Variables<'_>, expected: &[&str]) {
    let error = load(variables).unwrap_err();
    let problems: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected);
}

/// Like [`assert_problems`], and adds a location.
#[track_caller]
fn assert_refused(variables: Variables<'_>, expected: &[&str]) {
    let url = [("DATABASE_URL", "postgres://h/d")];
    let all: Vec<_> = url.iter().chain(variables).copied().collect();
    assert_problems(&all, expected);
}

#[test]
fn every_group_of_variables_can_set_the_location() {
    let ways: [Variables<'_>; 5] = [
        &[("TASKTRAIL_URL", "postgres://u@a:1/d")],
        &[("DATABASE_URL", "postgresql+asyncpg://u@a:1/d")],
        &[
            ("DB_HOST", "a"),
            ("DB_PORT", "1"),
            ("DB_NAME", "d"),
            ("DB_USER", "u"),
        ],
        &[
            ("POSTGRES_HOST", "a"),
            ("POSTGRES_PORT", "1"),
            ("POSTGRES_DATABASE", "d"),
            ("POSTGRES_USER", "u"),
        ],
        &[
            ("POSTGRES_HOST", "a"),
            ("POSTGRES_PORT", "1"),
            ("POSTGRES_DB", "d"),
            ("POSTGRES_USER", "u"),
        ],
    ];
    for way in ways {
        assert_eq!(load(way).unwrap().address(), "a:1/d", "{way:?}");
    }
}

#[test]
fn location_comes_from_the_first_source_that_sets_it() {
    let all = [
        ("TASKTRAIL_URL", "postgres://a/d"),
        ("DATABASE_URL", "postgres://b/d"),
        ("DB_HOST", "c"),
        ("DB_NAME", "d"),
        ("DB_USER", "u"),
        ("POSTGRES_HOST", "e"),
        ("POSTGRES_PORT", "7"),
        ("POSTGRES_DB", "d"),
        ("POSTGRES_USER", "u"),
    ];
    for (from, address) in [
        (0, "a:5432/d"),
        (1, "b:5432/d"),
        (2, "c:5432/d"),
        (5, "e:7/d"),
    ] {
        let variables: Vec<_> = all.iter().skip(from).copied().collect();
        assert_eq!(load(&variables).unwrap().address(), address);
    }
}

#[test]
fn own_variables_override_those_of_older_systems() {
    assert_shown(
        &[
            ("TASKTRAIL_POOL_MAX_CONNECTIONS", "30"),
            ("DB_POOL_SIZE", "40"),
        ],
        &["max_connections: 30"],
    );
}

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
fn pool_variables_of_sqlalchemy_are_read() {
    assert_shown(
        &[
            ("DB_POOL_SIZE", "5"),
            ("DB_MAX_OVERFLOW", "10"),
            ("DB_POOL_RECYCLE", "-1"),
        ],
        &[
            "min_connections: 5, max_connections: 5, burst_connections: 10",
            "max_lifetime: 604800s",
        ],
    );
    assert_shown(
        &[("DB_POOL_TIMEOUT", "30"), ("DB_POOL_RECYCLE", "1800")],
        &["acquire_timeout: 30s", "max_lifetime: 1800s"],
    );
}

#[test]
fn pool_variables_of_asyncpg_are_read() {
    assert_shown(
        &[
            ("DB_MIN_SIZE", "30"),
            ("DB_CONNECTION_TIMEOUT", "1.5"),
            ("DB_SSL_MODE", "require"),
        ],
        &[
            "min_connections: 30, max_connections: 30",
            "acquire_timeout: 1.5s",
            "tls: Require",
        ],
    );
}

#[test]
fn command_timeout_sets_statement_and_attempt_and_extends_the_retry_budget() {
    assert_shown(
        &[("DB_COMMAND_TIMEOUT", "90")],
        &[
            "statement_timeout: 90s",
            "attempt: 90s, long_attempt: 90s",
            "max_elapsed_time: 270s",
        ],
    );
    assert_shown(
        &[
            ("DB_COMMAND_TIMEOUT", "90"),
            ("TASKTRAIL_TIMEOUT_ATTEMPT", "4"),
        ],
        &[
            "statement_timeout: 90s",
            "attempt: 4s",
            "max_elapsed_time: 15s",
        ],
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
fn url_parameters_have_the_precedence_of_the_url() {
    let url = (
        "DATABASE_URL",
        "postgres://h/d?sslmode=verify-full&application_name=app",
    );

    let over_older = shown(&[url, ("DB_SSL_MODE", "disable")]);
    let under_ours = shown(&[url, ("TASKTRAIL_TLS_MODE", "require")]);

    assert!(over_older.contains("tls: VerifyFull"), "{over_older}");
    assert!(
        over_older.contains("application_name: Some(\"app\")"),
        "{over_older}"
    );
    assert!(under_ours.contains("tls: Require"), "{under_ours}");
    assert_problems(
        &[
            ("TASKTRAIL_URL", "postgres://h/d?sslmode=require"),
            ("TASKTRAIL_TLS_MODE", "prefer"),
        ],
        &[
            "TASKTRAIL_URL: tls.mode is \"require\" here and \"prefer\" in TASKTRAIL_TLS_MODE: set only \
           one of them",
        ],
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
