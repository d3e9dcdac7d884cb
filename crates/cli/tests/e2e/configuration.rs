//! Configuration files: their settings, their precedence, and the errors for their problems.

use tasktrail_test_support::TestDatabase;

use super::files::Folder;
use super::tool::{command, ended, run};

/// Runs `tasktrail stats` with a configuration file of this content.
fn stats(folder: &Folder, name: &str, text: &str) -> super::tool::Run {
    let path = folder.file(name, text);
    run(["stats", "--config", path.to_str().unwrap()])
}

#[test]
fn file_can_be_passed_by_argument_or_environment() {
    let database = TestDatabase::new();
    let folder = Folder::new();
    let toml = format!(
        "url = \"{}\"\n[pool]\nconnect_timeout = 2\n",
        database.url()
    );
    let toml = folder.file("t.toml", toml);
    let yaml = folder.file("t.yaml", format!("url: {}\n", database.url()));

    run(["migrate", "--config", toml.to_str().unwrap()]).good();
    let by_variable = ended(command().arg("stats").env("TASKTRAIL_CONFIG", &yaml));

    assert!(by_variable.good().stdout.contains('0'));
}

#[test]
fn argument_and_environment_override_the_file() {
    let folder = Folder::new();
    let file = folder.file("t.yaml", "url: postgres://127.0.0.1:1/file\n");
    let argument = "postgres://127.0.0.1:1/argument";
    let mut with_variable = command();
    with_variable.arg("stats").arg("--config").arg(&file);
    with_variable.env("DATABASE_URL", "postgres://127.0.0.1:1/variable");

    ended(&mut with_variable).failed(1, "error: cannot connect to 127.0.0.1:1/variable", "");
    ended(with_variable.args(["--database-url", argument])).failed(
        1,
        "error: cannot connect to 127.0.0.1:1/argument",
        "",
    );
}

#[test]
fn all_problems_are_reported_on_one_line_as_invalid_usage() {
    let folder = Folder::new();
    let text =
        "host: h\nuser: me\npassword: [hush]\npool:\n  max_conections: 5\n  idle_timeout: soon\n";

    let refused = stats(&folder, "t.yaml", text).failed(2, "error: ", "but host is");

    for part in [
        "t.yaml:3: password must be a text, in quotes, got a list; ",
        "t.yaml:5: no setting is called `pool.max_conections`, did you mean",
        "t.yaml:6: pool.idle_timeout must be a number of seconds or like 500ms",
        "t.yaml: database is not set, but host is",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {refused:?}");
    }
    assert!(!refused.stderr.contains("hush"), "{refused:?}");
}

#[test]
fn missing_file_is_invalid_usage() {
    run(["stats", "--config", "/no/such.toml"]).failed(
        2,
        "error: /no/such.toml: cannot be read: ",
        "",
    );
}

#[test]
fn empty_variable_is_treated_as_unset() {
    let mut tool = command();
    tool.arg("stats").env("TASKTRAIL_CONFIG", "");

    ended(&mut tool).failed(2, "error: no database is configured", "need no database)");
}

#[test]
fn unknown_tasktrail_variable_is_invalid_usage() {
    let mut tool = command();
    tool.arg("stats")
        .env("DATABASE_URL", "postgres://127.0.0.1:1/d");
    tool.env("TASKTRAIL_TLS_MOD", "require");

    ended(&mut tool).failed(2, "error: TASKTRAIL_TLS_MOD: ", "`TASKTRAIL_TLS_MODE`?");
}

#[test]
fn password_in_a_file_is_not_logged() {
    let folder = Folder::new();
    let secret = folder.file("secret", "hush-hush\n");
    let text = format!(
        "host: 127.0.0.1\nport: 1\ndatabase: d\nuser: me\npassword_file: {}\n",
        secret.display()
    );
    let path = folder.file("t.yaml", text);
    let mut tool = command();
    tool.args(["stats", "-vvv", "--config"]).arg(path);

    let logged = ended(tool.env("RUST_LOG", "trace"));

    assert!(logged.stderr.contains("connecting"), "{logged:?}");
    assert!(!logged.stderr.contains("hush"), "{logged:?}");
}
