//! Configuration from files.
#![cfg(feature = "config-file")]
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::fs;
use std::path::PathBuf;

use tasktrail::{ConfigError, DatabaseConfig};
use tempfile::TempDir;

const DOCUMENT: &str = include_str!("../../../docs/CONFIGURATION.md");

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn load(&self, name: &str, text: &str) -> Result<DatabaseConfig, ConfigError> {
        DatabaseConfig::from_file(self.file(name, text))
    }

    /// The problems of a file, without the folder in front of its name.
    fn problems(&self, name: &str, text: &str) -> Vec<String> {
        let folder = format!("{}/", self.0.path().display());
        let error = self.load(name, text).unwrap_err();
        let problems = error.problems().iter();
        problems
            .map(|problem| problem.to_string().replace(&folder, ""))
            .collect()
    }
}

/// The first example of the documentation in a language, with secret files that exist.
fn example(language: &str, folder: &Folder) -> String {
    let fence = format!("```{language}\n");
    let text = DOCUMENT.split(&fence).nth(1).unwrap();
    let text = text.split("```").next().unwrap();
    folder.file("tasktrail", "hush\n");
    folder.file("ca.pem", "");
    let secrets = format!("{}/", folder.0.path().display());
    text.replace("/run/secrets/", &secrets)
}

#[test]
fn examples_of_the_documentation_are_valid_and_equal() {
    let folder = Folder::new();
    let toml = folder.load("t.toml", &example("toml", &folder)).unwrap();
    let yaml = folder.load("t.yaml", &example("yaml", &folder)).unwrap();

    assert_eq!(format!("{toml:?}"), format!("{yaml:?}"));
    assert_eq!(
        toml.address(),
        "db1.example.org:5432,db2.example.org:5432/tasks"
    );
    let shown = format!("{toml:?}");
    for setting in [
        "tls: VerifyFull",
        "min_connections: 4, max_connections: 16, burst_connections: 8",
        "connect_timeout: 2.5s, acquire_timeout: 2s",
        "max_lifetime: 3600s",
        "statement_timeout: 20s",
        "application_name: Some(\"reports\")",
        "standby_lag: Some(5s)",
        "max_elapsed_time: 40s",
        "max_cool_down: 2s",
        "attempt: 4s",
        "close_timeout: 5s",
    ] {
        assert!(shown.contains(setting), "{setting}: {shown}");
    }
}

#[test]
fn failover_example_of_the_documentation_is_valid() {
    let folder = Folder::new();
    let advice = DOCUMENT.split("```toml\n").nth(2).unwrap();
    let advice = advice.split("```").next().unwrap();

    folder
        .load("t.toml", &format!("url = \"postgres://a,b/d\"\n{advice}"))
        .unwrap();
}

#[test]
fn problems_have_line_numbers_in_toml_and_yaml() {
    let folder = Folder::new();
    let toml = "host = \"h\"\ndatabase = \"d\"\nuser = \"u\"\nport = \"x\"\n\n[pool]\n\
                max_conections = 5\nmax_lifetime = 0\n\n[pol]\nmode = 1\n";
    let yaml = "host: h\ndatabase: d\nuser: u\nport: x\n\npool:\n  max_conections: 5\n  \
                max_lifetime: 0\n\npol:\n  mode: 1\n";

    for (name, text) in [("t.toml", toml), ("t.yml", yaml)] {
        assert_eq!(
            folder.problems(name, text),
            [
                format!(
                    "{name}:7: no setting is called `pool.max_conections`, did you mean \
                     `pool.max_connections`?"
                ),
                format!("{name}:10: no setting is called `pol`, did you mean `pool`?"),
                format!("{name}:4: port must be a whole number: 1 to 65535, got \"x\""),
                format!("{name}:8: pool.max_lifetime must be between 1s and 604800s, got \"0\""),
            ]
        );
    }
}

#[test]
fn values_of_a_wrong_type_are_refused() {
    let folder = Folder::new();
    let text = "url = [\"postgres://h/d\"]\napplication_name = 7\npool = 3\nobserve = \"on\"\n\
                [timeout]\nattempt = [1]\nlong_attempt = \"90\"\n";

    assert_eq!(
        folder.problems("t.toml", text),
        [
            "t.toml:1: url must be like postgres://user:password@host:5432/database, got a list",
            "t.toml:2: application_name must be a text, in quotes, got \"7\"",
            "t.toml:3: pool must be a section of settings",
            "t.toml:6: timeout.attempt must be a number of seconds or like 500ms, 30s, 10m, 1h: 1ms \
             to 1h, got a list",
            "t.toml:4: observe must be true or false, got \"on\"",
            "no database is configured: set DATABASE_URL, or DB_HOST, DB_NAME and DB_USER \
             (optionally DB_PORT and DB_PASSWORD)",
        ]
    );
}

#[test]
fn syntax_errors_have_line_and_column() {
    let folder = Folder::new();

    assert_eq!(
        folder.problems("t.toml", "host = h\nport = \n"),
        [
            "t.toml:1:8: string values must be quoted, expected literal string",
            "t.toml:2:8: string values must be quoted, expected literal string",
        ]
    );
    assert_eq!(
        folder.problems("t.yaml", "host: h\nhost: g\n"),
        ["t.yaml:2:1: duplicated key in mapping"]
    );
    assert_eq!(
        folder.problems("t.yaml", "just words\n"),
        ["t.yaml:1:1: not a document of settings, such as `host: localhost`"]
    );
    assert_eq!(
        folder.problems("t.yaml", "host: h\n---\nhost: g\n"),
        ["t.yaml:3:1: second document found, all settings must be in one document"]
    );
}

#[test]
fn unreadable_file_is_reported() {
    let folder = Folder::new();
    let missing = DatabaseConfig::from_file(folder.0.path().join("no.toml")).unwrap_err();

    assert!(
        missing.to_string().contains("no.toml: cannot be read: "),
        "{missing}"
    );
    assert_eq!(missing.problems().len(), 1);
    assert_eq!(
        folder.problems("t.ini", ""),
        ["t.ini: file name must end in .toml, .yaml or .yml"]
    );
}

#[test]
fn environment_overrides_files_and_later_files_override_earlier_ones() {
    let folder = Folder::new();
    let base = "url = \"postgres://base/d\"\n[pool]\nmin_connections = 1\nmax_connections = 2\n";
    let base = folder.file("base.toml", base);
    let local = folder.file("local.yaml", "pool:\n  max_connections: 3\n");

    let config = DatabaseConfig::sources()
        .file(base)
        .file(local)
        .variables([("DB_MIN_SIZE", "0")])
        .load()
        .unwrap();

    let shown = format!("{config:?}");
    assert!(
        shown.contains("min_connections: 0, max_connections: 3"),
        "{shown}"
    );
    assert_eq!(config.address(), "base:5432/d");
}

#[test]
fn locations_of_two_sources_are_never_combined() {
    let folder = Folder::new();
    let parts = "host = \"file\"\nport = 7\ndatabase = \"d\"\nuser = \"u\"\n";
    let path = folder.file("t.toml", parts);
    let with = |variables: &[(&str, &str)]| {
        DatabaseConfig::sources()
            .file(&path)
            .variables(variables.iter().copied())
            .load()
    };

    let by_url = with(&[("DATABASE_URL", "postgres://env/e")]).unwrap();
    let by_half = with(&[("DB_HOST", "env")]).unwrap_err();

    assert_eq!(by_url.address(), "env:5432/e");
    assert_eq!(by_half.problems()[0].source(), Some("DB_NAME"));
    let half = folder.problems("half.toml", "host = \"h\"\nuser = \"u\"\n");
    assert_eq!(half, ["half.toml: database is not set, but host is"]);
}

#[test]
fn named_file_is_read_only_on_request() {
    let folder = Folder::new();
    let path = folder.file("t.toml", "url = \"postgres://file/d\"\n");
    let variables = [("TASKTRAIL_CONFIG", path.to_str().unwrap())];

    let named = DatabaseConfig::sources().variables(variables).named_file();
    let alone = DatabaseConfig::sources().variables(variables);

    assert_eq!(named.load().unwrap().address(), "file:5432/d");
    assert!(alone.load().unwrap_err().names_no_database());
}

#[test]
fn empty_files_and_sections_set_nothing() {
    let folder = Folder::new();
    for (name, text) in [
        ("t.toml", "[pool]\n"),
        ("t.yaml", ""),
        ("u.yaml", "pool:\nhost: ''\n"),
    ] {
        let error = folder.load(name, text).unwrap_err();
        assert!(error.names_no_database(), "{error}");
    }
}

#[test]
fn missing_certificate_file_is_reported_on_load() {
    let folder = Folder::new();
    let text = "url = \"postgres://h/d\"\n[tls]\nroot_certificate = \"/no/such.pem\"\n";

    assert_eq!(
        folder.problems("t.toml", text),
        ["t.toml:3: tls.root_certificate must be an existing file, got \"/no/such.pem\""]
    );
}
