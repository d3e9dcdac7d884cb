//! Configuration from the environment: precedence and errors.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod precedence;
mod problems;

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
