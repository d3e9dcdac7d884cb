//! Configuration in code, and reading the parts of its errors.

use std::time::Duration;

use tasktrail::DatabaseConfig;

#[test]
fn code_overrides_the_environment() {
    let config = DatabaseConfig::sources()
        .set("url", "postgres://code/d")
        .set("pool.max_connections", "7")
        .variables([
            ("DATABASE_URL", "postgres://h/d"),
            ("DB_MAX_SIZE", "8"),
            ("DB_MIN_SIZE", "2"),
        ])
        .load()
        .unwrap();

    assert_eq!(config.address(), "code:5432/d");
    let shown = format!("{config:?}");
    assert!(
        shown.contains("min_connections: 2, max_connections: 7"),
        "{shown}"
    );
    let shown = format!("{:?}", config.with_connections(3, 4).unwrap());
    assert!(
        shown.contains("min_connections: 3, max_connections: 4"),
        "{shown}"
    );
}

#[test]
fn problem_returns_its_parts() {
    let error = DatabaseConfig::sources()
        .variables([
            ("DATABASE_URL", "postgres://h/d"),
            ("DB_MAX_OVERFLOW", "-1"),
        ])
        .load()
        .unwrap_err();
    let problem = error.problems().first().unwrap();

    assert_eq!(problem.source(), Some("DB_MAX_OVERFLOW"));
    assert_eq!(problem.setting(), Some("pool.burst_connections"));
    assert_eq!(problem.allowed(), Some("a whole number: 0 to 10000"));
    assert_eq!(problem.given(), Some("\"-1\""));
}

#[test]
fn settings_in_code_are_validated() {
    let config = DatabaseConfig::from_url("postgres://h/d").unwrap();
    assert_eq!(config.validate(), Ok(()));

    let config = config
        .with_health_timeout(Duration::ZERO)
        .with_postgres(|postgres| postgres.with_burst(20_000));
    let error = config.validate().unwrap_err();

    let sources: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| problem.source())
        .collect();
    assert_eq!(sources, [Some("code"); 2]);
    let unknown = DatabaseConfig::sources()
        .set("urll", "x")
        .load()
        .unwrap_err();
    assert!(
        unknown.to_string().contains("did you mean `url`?"),
        "{unknown}"
    );
}

#[test]
fn variables_can_be_looked_up_one_by_one() {
    let config = DatabaseConfig::from_variables(|name| match name {
        "DATABASE_URL" => Some("postgres://h/d".to_owned()),
        "TASKTRAIL_CLOSE_TIMEOUT" => Some("1m".to_owned()),
        _ => None,
    });

    let shown = format!("{:?}", config.unwrap());
    assert!(shown.contains("close_timeout: 60s"), "{shown}");
}

#[cfg(not(feature = "config-file"))]
#[test]
fn named_file_without_the_feature_is_refused() {
    let error = DatabaseConfig::sources()
        .variables([
            ("TASKTRAIL_CONFIG", "t.toml"),
            ("DATABASE_URL", "postgres://h/d"),
        ])
        .named_file()
        .load()
        .unwrap_err();

    assert_eq!(
        error.to_string(),
        "TASKTRAIL_CONFIG: no file is read: tasktrail was built without its feature config-file"
    );
}
