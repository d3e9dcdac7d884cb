//! TLS connections to a real server, with a certificate authority created for the test.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, TlsMode};
use tasktrail_test_support::{Server, ServerOptions, TestDatabase, wait_until};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// Starts a server with a certificate for `host`, and returns the file of the authority that signed
/// it.
fn server_for(host: &str) -> (Server, PathBuf) {
    let server = ServerOptions::default().start().unwrap();
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let certificate = parameters.signed_by(&key, &authority).unwrap();
    let file = |name: &str| server.directory().join(name);
    write_for(&server, &file("server.pem"), &certificate.pem());
    write_for(&server, &file("server.key"), &key.serialize_pem());
    fs::write(file("authority.pem"), authority.pem()).unwrap();
    switch_on(&server, &file("server.pem"), &file("server.key"));
    let authority = file("authority.pem");
    (server, authority)
}

/// The server refuses a key file that other users can read.
fn write_for(server: &Server, file: &Path, text: &str) {
    let owner = fs::metadata(server.directory().join("data")).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    chown(file, Some(owner.uid()), Some(owner.gid())).unwrap();
}

fn switch_on(server: &Server, certificate: &Path, key: &Path) {
    let execute = |sql: &str| {
        tasktrail_test_support::simple_query::execute(server.addr(), "postgres", sql).unwrap()
    };
    execute(&format!(
        "ALTER SYSTEM SET ssl_cert_file = '{}'",
        certificate.display()
    ));
    execute(&format!(
        "ALTER SYSTEM SET ssl_key_file = '{}'",
        key.display()
    ));
    execute("ALTER SYSTEM SET ssl = on");
    execute("SELECT pg_reload_conf()");
    wait_until("the server to offer TLS", || {
        execute("SHOW ssl") == [[Some("on".to_owned())]]
    });
}

/// Connects, and returns whether the connection is encrypted, or the error.
async fn connect(server: &Server, mode: TlsMode, roots: Option<&Path>) -> Result<bool, String> {
    let database = TestDatabase::create(server);
    let mut config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap()
        .with_tls(mode);
    if let Some(file) = roots {
        config = config.with_root_certificate(file);
    }
    let connected = PostgresDatabase::connect(config).await;
    let _open = connected.map_err(|error| ErrorChain(&error).to_string())?;
    let encrypted = "SELECT 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE ssl AND datname = current_database() AND application_name = 'tasktrail'";
    Ok(!database.execute(encrypted).unwrap().is_empty())
}

#[tokio::test]
async fn connection_is_encrypted_by_default_if_the_server_supports_it() {
    let (server, _) = server_for("127.0.0.1");

    assert_eq!(connect(&server, TlsMode::default(), None).await, Ok(true));
    assert_eq!(connect(&server, TlsMode::Require, None).await, Ok(true));
    assert_eq!(connect(&server, TlsMode::Disable, None).await, Ok(false));
}

#[tokio::test]
async fn server_without_tls_is_refused_if_tls_is_required() {
    let plain = Server::shared();

    assert_eq!(connect(plain, TlsMode::Prefer, None).await, Ok(false));
    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let refused = connect(plain, mode, None).await.unwrap_err();
        assert!(
            refused.ends_with("server does not support TLS"),
            "{mode}: {refused}"
        );
    }
}

#[tokio::test]
async fn trusted_authority_and_matching_host_pass_every_mode() {
    let (server, authority) = server_for("127.0.0.1");

    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        assert_eq!(
            connect(&server, mode, Some(&authority)).await,
            Ok(true),
            "{mode}"
        );
    }
}

#[tokio::test]
async fn wrong_host_is_refused_only_by_verify_full() {
    let (server, authority) = server_for("db.example.org");

    assert_eq!(
        connect(&server, TlsMode::VerifyCa, Some(&authority)).await,
        Ok(true)
    );
    let refused = connect(&server, TlsMode::VerifyFull, Some(&authority))
        .await
        .unwrap_err();
    assert!(
        refused.contains("certificate not valid for name"),
        "{refused}"
    );
}

#[tokio::test]
async fn unknown_authority_is_refused_if_roots_are_set() {
    let (server, _) = server_for("127.0.0.1");
    let (_other, unknown) = server_for("127.0.0.1");

    for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
        let refused = connect(&server, mode, Some(&unknown)).await.unwrap_err();
        assert!(
            refused.contains("invalid peer certificate"),
            "{mode}: {refused}"
        );
    }
    let refused = connect(&server, TlsMode::VerifyFull, None)
        .await
        .unwrap_err();
    assert!(
        refused.contains("invalid peer certificate"),
        "the system does not trust it: {refused}"
    );
}
