//! Which variables are read, and which one takes precedence.

use super::{Variables, assert_problems, assert_shown, load, shown};

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
