//! Logging in with passwords from every source, with every special character.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::fs;

use tasktrail::{ConfigSources, DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase};

/// Has every character that is special in a URL, in `key=value`, in a file, or in the shell.
const PASSWORD: &str = r#"it's a \ "p@ss/wörd?#%20&x=1"#;

/// A server that requires this password from the role `guarded`, and a database on it.
fn guarded() -> (Server, TestDatabase) {
    let server = ServerOptions::default()
        .asks_for_the_password_of("guarded")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let quoted = PASSWORD.replace('\'', "''");
    let create = format!("CREATE ROLE guarded LOGIN PASSWORD '{quoted}'");
    database.execute(&create).unwrap();
    (server, database)
}

async fn is_let_in(sources: ConfigSources) -> bool {
    let config = sources.load().unwrap().with_connections(1, 1).unwrap();
    let manager = DatabaseManager::new(config);
    manager.init_connection_pool().await.is_ok()
}

#[tokio::test]
async fn password_from_every_source_logs_in() {
    let (server, database) = guarded();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{PASSWORD}\n")).unwrap();
    let secret = secret.to_str().unwrap();
    let (addr, name) = (server.addr(), database.name().to_owned());
    let (host, port) = (addr.ip().to_string(), addr.port().to_string());
    let parts = [
        ("DB_HOST", host.as_str()),
        ("DB_PORT", &port),
        ("DB_NAME", &name),
        ("DB_USER", "guarded"),
    ];
    let of =
        |variables: &[(&str, &str)]| DatabaseConfig::sources().variables(variables.iter().copied());
    let url = format!("postgresql+asyncpg://guarded@{addr}/{name}?sslmode=prefer");
    let wrong = format!("postgres://guarded:wrong@{addr}/{name}");
    let words = format!("host={host} port={port} dbname={name} user=guarded");

    let ways = [
        of(&parts).variables([("DB_PASSWORD", PASSWORD)]),
        of(&parts).variables([("DB_PASSWORD_FILE", secret)]),
        of(&parts).variables([("TASKTRAIL_PASSWORD", PASSWORD)]),
        of(&parts)
            .variables([("DB_PASSWORD", "wrong")])
            .set("password", PASSWORD),
        of(&[("DATABASE_URL", &url), ("TASKTRAIL_PASSWORD_FILE", secret)]),
        of(&[("DATABASE_URL", &wrong), ("TASKTRAIL_PASSWORD", PASSWORD)]),
        of(&[("DATABASE_URL", &words), ("TASKTRAIL_PASSWORD", PASSWORD)]),
        of(&[("DATABASE_URL", &url), ("DB_PASSWORD", PASSWORD)]),
        of(&[("DB_PASSWORD_FILE", secret)]).set("url", url.as_str()),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        assert!(is_let_in(way).await, "{number}");
    }
    let refused = [
        of(&parts),
        of(&[("DATABASE_URL", &wrong), ("DB_PASSWORD", PASSWORD)]),
        // The password of another database.
        of(&parts).variables([("DATABASE_URL", url.as_str()), ("DB_PASSWORD", PASSWORD)]),
    ];
    for (number, way) in refused.into_iter().enumerate() {
        assert!(!is_let_in(way).await, "{number}");
    }
}

#[cfg(feature = "config-file")]
#[tokio::test]
async fn location_in_a_file_and_password_in_the_environment_log_in() {
    let (server, database) = guarded();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://guarded@{}/{}", server.addr(), database.name());
    let place = folder.path().join("t.toml");
    fs::write(&place, format!("url = \"{url}\"\n")).unwrap();
    let whole = folder.path().join("t.yaml");
    let password = PASSWORD.replace('\'', "''");
    fs::write(&whole, format!("url: {url}\npassword: '{password}'\n")).unwrap();

    let apart = DatabaseConfig::sources()
        .file(place)
        .variables([("DB_PASSWORD", PASSWORD)]);

    assert!(is_let_in(apart).await);
    assert!(is_let_in(DatabaseConfig::sources().file(whole)).await);
}
