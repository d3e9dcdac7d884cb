use std::process::Stdio;

use super::tool::{command, ended, run};

const COMMANDS: [&str; 17] = [
    "demo",
    "import",
    "export",
    "tasks",
    "users",
    "history",
    "status",
    "cancel",
    "stats",
    "cleanup",
    "migrate",
    "doctor",
    "explain",
    "analyze",
    "reindex",
    "bench",
    "completions",
];

/// A call of each command that needs a database.
const WITH_DATABASE: [&[&str]; 16] = [
    &["import", "file.jsonl"],
    &["export", "-"],
    &["tasks", "alice"],
    &["tasks", "--all"],
    &["users"],
    &["history", "alice", "report"],
    &["status", "alice", "report"],
    &["cancel", "alice", "report"],
    &["stats"],
    &["cleanup", "--days", "1"],
    &["migrate"],
    &["doctor"],
    &["explain", "list"],
    &["analyze"],
    &["reindex"],
    &["bench"],
];

#[test]
fn every_command_has_help_with_an_example() {
    for name in COMMANDS {
        let long = run([name, "--help"]).good();
        let short = run([name, "-h"]).good();

        assert!(long.stdout.contains("Example"), "{long:?}");
        assert!(
            long.stdout.contains(&format!("Usage: tasktrail {name}")),
            "{long:?}"
        );
        assert!(short.stdout.len() < long.stdout.len(), "{name}");
    }
}

#[test]
fn long_help_lists_commands_environment_and_exit_status() {
    let help = run(["--help"]).good();

    for word in
        COMMANDS
            .into_iter()
            .chain(["DATABASE_URL", "DB_PASSWORD", "Exit status", "RUST_LOG"])
    {
        assert!(help.stdout.contains(word), "{word}: {}", help.stdout);
    }
}

#[test]
fn help_fits_in_100_columns() {
    for name in COMMANDS {
        let help = run([name, "--help"]).good();
        let widest = help.stdout.lines().map(|line| line.chars().count()).max();

        assert!(widest <= Some(100), "{name}: {widest:?}");
    }
}

#[test]
fn help_shows_no_values_from_the_environment() {
    let help = ended(
        command()
            .arg("--help")
            .env("DATABASE_URL", "postgres://me:hush@h/d"),
    )
    .good();

    assert!(!help.stdout.contains("hush"), "{}", help.stdout);
}

#[test]
fn call_without_arguments_shows_help_and_exits_with_2() {
    let help = run::<&str>([]);

    assert_eq!(help.code, Some(2));
    assert!(help.stderr.contains("Usage: tasktrail"), "{help:?}");
}

#[test]
fn invalid_usage_exits_with_2() {
    let wrong: [&[&str]; 13] = [
        &["explode"],
        &["tasks"],
        &["tasks", "alice", "--limit", "0"],
        &["tasks", "alice", "--limit", "1001"],
        &["tasks", "alice", "--status", "done"],
        &["tasks", "alice", "--since", "yesterday"],
        &["tasks", "alice", "--after", "nowhere"],
        &["tasks", "alice", "--all"],
        &["tasks", "alice", "--user-prefix", "al"],
        &["tasks", "--all", "--open", "--finished"],
        &["tasks", "--all", "--stuck", "10"],
        &["status", "alice", ""],
        &["stats", "--format", "xml"],
    ];
    for args in wrong {
        let refused = run(args);

        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.starts_with("error: "), "{refused:?}");
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn invalid_value_is_reported_with_the_allowed_values() {
    let refused = run(["tasks", "alice", "--limit", "1001"]);

    assert!(
        refused
            .stderr
            .contains("page size must be 1 to 1000, got 1001"),
        "{refused:?}"
    );
}

#[test]
fn missing_configuration_is_reported_in_one_line_with_a_remedy() {
    for args in WITH_DATABASE {
        run(args).failed(
            2,
            "error: no database is configured: pass --database-url",
            "need no database)",
        );
    }
}

#[test]
fn incomplete_environment_is_reported() {
    let mut stats = command();
    stats
        .arg("stats")
        .env("DB_HOST", "localhost")
        .env("DB_USER", "me");

    ended(&mut stats).failed(2, "error: DB_NAME: is not set", "but DB_HOST is");
}

#[test]
fn empty_variable_is_treated_as_unset() {
    let mut stats = command();
    stats.arg("stats").env("DATABASE_URL", "");

    ended(&mut stats).failed(2, "error: no database is configured", "need no database)");
}

#[test]
fn invalid_url_is_invalid_usage_and_is_not_printed() {
    for url in ["mysql://me:hush@h/d", "postgres://me:hush@h:port/d"] {
        let by_flag = run(["stats", "--database-url", url]);
        let by_environment = ended(command().arg("stats").env("DATABASE_URL", url));

        for refused in [by_flag, by_environment] {
            let refused = refused.failed(2, "error: ", "it may hold a password)");
            assert!(!refused.stderr.contains("hush"), "{refused:?}");
        }
    }
}

#[test]
fn unreachable_database_is_reported_in_one_line() {
    let url = "postgres://me:hush@127.0.0.1:1/tasks";
    let refused = run(["stats", "--database-url", url]);

    let refused = refused.failed(1, "error: cannot connect to 127.0.0.1:1/tasks: ", ")");
    assert!(!refused.stderr.contains("hush"), "{refused:?}");
}

#[test]
fn in_memory_and_database_url_cannot_be_combined() {
    let url = "postgres://me:hush@127.0.0.1:1/tasks";

    run(["import", "--in-memory", "x.jsonl", "--database-url", url]).failed(
        2,
        "error: --in-memory and --database-url cannot be combined",
        "combined",
    );
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(["completions", shell]).good();

        assert!(script.stdout.contains("tasktrail"), "{shell}");
        assert!(script.stdout.contains("skip-invalid"), "{shell}");
    }
}

#[test]
fn closed_pipe_is_not_an_error() {
    let mut child = command()
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();

    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), &b""[..]));
}
