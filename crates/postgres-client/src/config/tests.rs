use secrecy::ExposeSecret;

use super::*;

#[test]
fn address_omits_user_and_password() {
    let config = PostgresConfig::from_url("postgres://me:hush@a:1,b:2/tasks").unwrap();

    assert_eq!(config.address(), "a:1,b:2/tasks");
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn invalid_url_error_hides_the_url() {
    for url in [
        "mysql://me:hush@h/d",
        "postgres://me:hush@h:port/d",
        "user=me password=hush",
        "postgres://me:a@hush@h/d",
        "postgres://me:a@b/hush@h/d",
    ] {
        let error = PostgresConfig::from_url(url).unwrap_err();

        assert_eq!(error.field(), "database URL");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
}

#[test]
fn parts_are_used_unchanged() {
    let password = SecretString::from(r"it's a \ 'secret'");
    let config =
        PostgresConfig::from_parts("h", 5433, "my db", "o'brien", Some(&password)).unwrap();
    let driver = config.driver().unwrap();

    assert_eq!(config.address(), "h:5433/my db");
    assert_eq!(driver.get_user(), Some("o'brien"));
    assert_eq!(
        driver.get_password(),
        Some(password.expose_secret().as_bytes())
    );
}

#[test]
fn tls_mode_is_parsed_from_every_form() {
    for (text, mode) in [
        ("postgres://h/d", TlsMode::Prefer),
        ("postgres://h/d?sslmode=verify-ca", TlsMode::VerifyCa),
        ("host=h sslmode=disable", TlsMode::Disable),
        ("host=h\tsslmode = 'require'", TlsMode::Require),
    ] {
        assert_eq!(PostgresConfig::from_url(text).unwrap().tls, mode, "{text}");
    }
}

#[test]
fn password_is_never_parsed_as_options() {
    let password = SecretString::from("a sslmode=hush host=elsewhere");
    let config = PostgresConfig::from_parts("h", 1, "d", "u", Some(&password)).unwrap();

    assert_eq!(config.address(), "h:1/d");
    assert_eq!(config.tls, TlsMode::Prefer);
    assert!(PostgresConfig::from_parts("", 1, "d", "u", None).is_err());
}

#[test]
fn maximum_is_at_least_minimum_and_one() {
    let config = || PostgresConfig::from_url("postgres://h/d").unwrap();

    assert!(config().with_connections(0, 1).is_ok());
    assert_eq!(
        config().with_connections(5, 4).unwrap_err().to_string(),
        "minimum connections must be at most the maximum of 4, got 5"
    );
    assert!(config().with_connections(0, 0).is_err());
}
