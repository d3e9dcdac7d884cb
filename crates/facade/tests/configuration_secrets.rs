//! Passwords never appear in output, whatever the source and whatever else is wrong.
#![cfg(feature = "config-file")]

use std::error::Error;
use std::fs;

use tasktrail::{ConfigError, ConfigSources, DatabaseConfig, DatabaseManager};

/// The password. No output may contain it, or half of it.
const MARKER: &str = "hush-hush";

/// Everything that a configuration or its error can print, and the result of loading.
fn output(sources: ConfigSources) -> (String, Result<DatabaseConfig, ConfigError>) {
    let mut output = vec![format!("{sources:?} {sources:#?}")];
    let loaded = sources.load();
    match &loaded {
        Ok(config) => {
            output.push(format!("{config:?} {config:#?} {}", config.address()));
            output.push(format!("{:?}", DatabaseManager::new(config.clone())));
        }
        Err(error) => {
            let mut cause: Option<&dyn Error> = Some(error);
            while let Some(error) = cause {
                output.push(format!("{error} {error:?} {error:#?}"));
                cause = error.source();
            }
            for problem in error.problems() {
                let parts = (problem.source(), problem.allowed(), problem.given());
                output.push(format!("{parts:?} {problem}"));
            }
        }
    }
    (output.join("\n"), loaded)
}

#[track_caller]
fn assert_hidden(sources: ConfigSources, is_good: bool) {
    let (output, loaded) = output(sources);
    assert!(!output.contains("hush"), "{output}");
    assert_eq!(loaded.is_ok(), is_good, "{loaded:?}");
}

fn of(variables: &[(&str, &str)]) -> ConfigSources {
    DatabaseConfig::sources().variables(variables.iter().copied())
}

#[test]
fn valid_password_is_hidden() {
    let url = format!("postgres://me:{MARKER}@h/d");
    let parts = [("DB_HOST", "h"), ("DB_NAME", "d"), ("DB_USER", "u")];
    let words = format!("host=h user=me password='{MARKER}' dbname=d");
    for name in ["TASKTRAIL_URL", "DATABASE_URL"] {
        assert_hidden(of(&[(name, &url)]), true);
        assert_hidden(of(&[(name, &words)]), true);
    }
    assert_hidden(of(&parts).variables([("DB_PASSWORD", MARKER)]), true);
    assert_hidden(of(&parts).variables([("TASKTRAIL_PASSWORD", MARKER)]), true);
    assert_hidden(of(&[]).set("url", url.as_str()), true);
    assert_hidden(
        of(&[]).set("url", "postgres://h/d").set("password", MARKER),
        true,
    );
    for place in ["postgres://me@h/d", "host=h user=me"] {
        let variables = [("DATABASE_URL", place), ("TASKTRAIL_PASSWORD", MARKER)];
        assert_hidden(of(&variables), true);
    }
}

#[test]
fn invalid_url_is_hidden() {
    for url in [
        format!("mysql://me:{MARKER}@h/d"),
        format!("postgres://me:{MARKER}@h:port/d"),
        format!("postgres://me:{MARKER}@h/d?sslmode=maybe"),
        format!("postgres://me:a@b?sslmode={MARKER}@h/d"),
        format!("postgres://me@h/d?passwort={MARKER}"),
        format!("postgres://me@h/d?sslmode={MARKER}"),
        format!("user=me password={MARKER}"),
        format!("host=h password='{MARKER}"),
        MARKER.to_owned(),
    ] {
        assert_hidden(of(&[("DATABASE_URL", &url)]), false);
        assert_hidden(
            of(&[("TASKTRAIL_URL", &url), ("TASKTRAIL_HOST", "h")]),
            false,
        );
        assert_hidden(of(&[]).set("url", url), false);
    }
}

#[test]
fn url_for_the_wrong_setting_is_hidden() {
    let url = format!("postgres://me:{MARKER}@h/d");
    let good = ("DATABASE_URL", "postgres://h/d");
    for name in [
        "DB_SSL_MODE",
        "DB_POOL_SIZE",
        "DB_POOL_TIMEOUT",
        "TASKTRAIL_RETRY_ENABLED",
        "TASKTRAIL_TLS_ROOT_CERTIFICATE",
        "TASKTRAIL_PASSWORD_FILE",
        "TASKTRAIL_HOTS",
    ] {
        assert_hidden(of(&[good, (name, &url)]), false);
    }
    assert_hidden(
        of(&[("DB_HOST", &url), ("DB_NAME", "d"), ("DB_USER", "u")]),
        false,
    );
    assert_hidden(of(&[("DB_HOST", "h"), ("DB_PORT", &url)]), false);
    // Two that disagree.
    let two = [
        good,
        ("DB_POOL_TIMEOUT", "1"),
        ("DB_CONNECTION_TIMEOUT", url.as_str()),
    ];
    assert_hidden(of(&two), false);
}

#[test]
fn password_given_as_a_file_name_is_hidden() {
    let parts = [("DB_HOST", "h"), ("DB_NAME", "d"), ("DB_USER", "u")];
    assert_hidden(of(&parts).variables([("DB_PASSWORD_FILE", MARKER)]), false);
    let both = [("DB_PASSWORD_FILE", MARKER), ("DB_PASSWORD", MARKER)];
    assert_hidden(of(&parts).variables(both), false);
}

#[test]
fn password_in_a_file_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{MARKER}\n")).unwrap();
    let place = "host = \"h\"\ndatabase = \"d\"\nuser = \"u\"\n";
    let secret = secret.to_str().unwrap();
    let good = [
        format!("url = \"postgres://me:{MARKER}@h/d\"\n"),
        format!("{place}password = \"{MARKER}\"\n"),
        format!("{place}password_file = \"{secret}\"\n"),
    ];
    let path = folder.path().join("t.toml");
    for text in good {
        fs::write(&path, text).unwrap();
        assert_hidden(of(&[]).file(&path), true);
    }
}

#[test]
fn password_in_an_invalid_file_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let toml = [
        "password = M\n",
        "password M\n",
        "M\n",
        "password = \"M\n",
        "password = 'M\nhots = 1\n",
        "password = \"\\q M\"\n",
        "password = [\"M\"]\n",
        "password = { M = 1 }\n",
        "password = 12345 # M\n",
        "password.M = 1\n",
        "passwort = \"M\"\n",
        "url = \"mysql://me:M@h/d\"\n",
        "url = { M = 1 }\n",
        "password = \"M\"\npassword = \"M\"\n",
        "password = \"M\"\nhots = \"M\"\nport = \"postgres://me:M@h\"\n",
        "host = \"h\"\ndatabase = \"d\"\nuser = \"u\"\nport = 0\npassword = \"M\"\n",
        "\"postgres://me:M@h/d\" = 1\n",
        "[pool]\nmax_connections = \"postgres://me:M@h/d\"\npassword = \"M\"\n",
    ];
    let yaml = [
        "password: @M\n",
        "password: 'M\n",
        "password:M\nhost: h\n",
        "password: M: x\n",
        "password:M: x\n",
        "password: [M\n",
        "password: [M]\n",
        "password: {M: 1}\n",
        "password: !secret M\n",
        "password: \"\\q M\"\n",
        "passwort: M\n",
        "M\n",
        "postgres://me:M@h/d: 1\n",
        "url: mysql://me:M@h/d\n",
        "? [password, M]\n: 1\n",
        "password: M\npassword: M\n",
        "password: *M\n",
        "host: h\ndatabase: d\nuser: u\nport: 0\npassword: M\n",
    ];
    let cases = toml.iter().map(|text| ("t.toml", text));
    for (name, text) in cases.chain(yaml.iter().map(|text| ("t.yaml", text))) {
        let path = folder.path().join(name);
        fs::write(&path, text.replace('M', MARKER)).unwrap();

        assert_hidden(of(&[]).file(&path), false);
    }
}

#[test]
fn numeric_password_in_a_file_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("t.toml", "password = 48151623\n"),
        ("t.yaml", "password: 48151623\n"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();

        let (output, loaded) = output(of(&[]).file(&path));

        assert!(!output.contains("4815"), "{output}");
        assert!(
            output.contains("password must be a text, in quotes"),
            "{output}"
        );
        assert!(loaded.is_err());
    }
}
