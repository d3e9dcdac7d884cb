//! Handles what the adapter does not: drivers in URLs, passwords from other sources, and settings
//! in parameters.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// Removes the Python driver from the scheme of a URL, as in `SQLAlchemy`'s
/// `postgresql+asyncpg://…`.
pub(super) fn without_driver(url: SecretString) -> SecretString {
    let plain = url
        .expose_secret()
        .split_once("://")
        .and_then(|(scheme, rest)| {
            let (name, driver) = scheme.split_once('+')?;
            let known = matches!(name, "postgres" | "postgresql");
            let is_word = driver
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_');
            (known && is_word).then(|| format!("{name}://{rest}"))
        });
    plain.map_or(url, SecretString::from)
}

/// Sets or replaces the password of a URL or a connection string.
pub(super) fn with_password(url: &SecretString, password: &SecretString) -> SecretString {
    let (url, password) = (url.expose_secret(), password.expose_secret());
    // In both forms the last password wins.
    if !is_url(url) {
        let escaped = password.replace('\\', r"\\").replace('\'', r"\'");
        return format!("{url} password='{escaped}'").into();
    }
    let mark = if query(url).is_some() { '&' } else { '?' };
    let encoded = utf8_percent_encode(password, NON_ALPHANUMERIC);
    format!("{url}{mark}password={encoded}").into()
}

/// Returns the settings among the parameters of a URL, as pairs of setting name and value.
pub(super) fn parameters(url: &SecretString) -> Vec<(&'static str, String)> {
    let url = url.expose_secret();
    let pairs = if is_url(url) {
        query(url).map(of_query).unwrap_or_default()
    } else {
        of_words(url)
    };
    let setting = |(key, value): (String, String)| {
        let name = match key.as_str() {
            "sslmode" => "tls.mode",
            "sslrootcert" => "tls.root_certificate",
            "application_name" => "application_name",
            "schema" => "schema",
            "pooler" => "pooler",
            _ => return None,
        };
        Some((name, value))
    };
    pairs.into_iter().filter_map(setting).collect()
}

fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// Returns the query. As in the adapter, it starts at the first `?` after the user and the
/// password.
fn query(url: &str) -> Option<&str> {
    let place = url.split_once("://")?.1;
    let host = place.split_once('@').map_or(place, |(_, host)| host);
    host.split_once('?').map(|(_, query)| query)
}

fn of_query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(key, value)| {
            let value = percent_decode_str(value).decode_utf8_lossy();
            (key.to_owned(), value.into_owned())
        })
        .collect()
}

/// Parses `key=value key='quoted value'`. The adapter has already refused malformed strings.
fn of_words(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = value(after.trim_start());
        pairs.push((key.trim().to_owned(), value));
        rest = after;
    }
    pairs
}

/// Returns the value at the start of a text, and the text after it.
fn value(text: &str) -> (String, &str) {
    let (quoted, body) = match text.strip_prefix('\'') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let mut value = String::new();
    let mut letters = body.char_indices();
    while let Some((at, letter)) = letters.next() {
        let ends = if quoted {
            letter == '\''
        } else {
            letter.is_whitespace()
        };
        if ends {
            let after = body.get(at + letter.len_utf8()..).unwrap_or_default();
            return (value, after);
        }
        match letter {
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_driver_is_removed_from_the_scheme() {
        for (given, plain) in [
            ("postgresql+asyncpg://u:p+q@h/d", "postgresql://u:p+q@h/d"),
            ("postgres+psycopg2://h/d", "postgres://h/d"),
            ("postgres://u:a+b@h/d", "postgres://u:a+b@h/d"),
            ("mysql+x://h/d", "mysql+x://h/d"),
            ("host=h", "host=h"),
        ] {
            assert_eq!(without_driver(given.into()).expose_secret(), plain);
        }
    }

    #[test]
    fn password_is_added_to_urls_and_connection_strings() {
        let with = |url: &str| {
            let url = with_password(&url.into(), &r"a'b\c&d@é".into());
            url.expose_secret().to_owned()
        };

        assert_eq!(
            with("postgres://h/d"),
            "postgres://h/d?password=a%27b%5Cc%26d%40%C3%A9"
        );
        assert!(with("postgres://h/d?a=b").starts_with("postgres://h/d?a=b&password="));
        assert_eq!(with("host=h"), r"host=h password='a\'b\\c&d@é'");
    }

    #[test]
    fn settings_are_found_in_urls_and_connection_strings() {
        let expected = [
            ("tls.mode", "verify-ca".to_owned()),
            ("tls.root_certificate", "/my ca".to_owned()),
            ("application_name", "it's".to_owned()),
        ];
        for url in [
            "postgres://u:p?sslmode=disable@h/d?sslmode=verify-ca&sslrootcert=%2Fmy%20ca&application_name=it%27s",
            r"host=h password='x sslmode=disable' sslmode=verify-ca sslrootcert = '/my ca' application_name=it\'s",
        ] {
            assert_eq!(parameters(&url.into()), expected, "{url}");
        }
        assert_eq!(parameters(&"postgres://u:p@h/d".into()), []);
    }
}
