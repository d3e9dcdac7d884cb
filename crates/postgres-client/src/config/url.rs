//! URL parameters that the driver does not support.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tasktrail_domain::InvalidValue;

use super::Pooler;
use crate::tls::TlsMode;

/// Parameters that the driver does not support: the verifying TLS modes, root certificates, the
/// schema, and the pooler.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UrlParameters {
    pub(super) tls_mode: Option<TlsMode>,
    pub(super) root_certificate: Option<PathBuf>,
    pub(super) schema: Option<String>,
    pub(super) pooler: Option<Pooler>,
}

impl UrlParameters {
    /// Removes `sslmode`, `sslrootcert`, `schema` and `pooler` from a URL and returns them. A
    /// `key=value` string is returned unchanged: the driver parses the modes that it supports.
    pub(super) fn extract_from(url: &SecretString) -> Result<(SecretString, Self), InvalidValue> {
        let mut taken = Self::default();
        let Some((base, query)) = split(url.expose_secret()) else {
            return Ok((url.clone(), taken));
        };
        let mut rest = Vec::new();
        for part in query.split('&') {
            match part.split_once('=') {
                Some(("sslmode", mode)) => {
                    taken.tls_mode = Some(mode.parse().map_err(|invalid| hidden(&invalid))?);
                }
                Some(("sslrootcert", file)) => {
                    let file = percent_decode_str(file).decode_utf8_lossy();
                    taken.root_certificate = Some(PathBuf::from(&*file));
                }
                Some(("schema", name)) => {
                    let name = percent_decode_str(name).decode_utf8_lossy();
                    taken.schema = Some(name.into_owned());
                }
                Some(("pooler", pooler)) => {
                    taken.pooler = Some(pooler.parse().map_err(|invalid| hidden(&invalid))?);
                }
                _ => rest.push(part),
            }
        }
        let rest = rest.join("&");
        let url = if rest.is_empty() {
            base.to_owned()
        } else {
            format!("{base}?{rest}")
        };
        Ok((url.into(), taken))
    }
}

/// Hides the value: part of a password with an unescaped `@` and `?` can look like a parameter.
fn hidden(invalid: &InvalidValue) -> InvalidValue {
    InvalidValue::new(
        invalid.field(),
        invalid.limit().to_owned(),
        "something else (not shown, it may be part of a password)",
    )
}

/// Splits a URL at the `?` of its query. A `?` in the user or the password does not count: both end
/// at the first `@`.
fn split(url: &str) -> Option<(&str, &str)> {
    let begin = url.find("://")? + 3;
    let host = url.get(begin..)?.find('@').map_or(begin, |at| begin + at);
    let mark = url.get(host..)?.find('?')? + host;
    Some((url.get(..mark)?, url.get(mark + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str) -> (String, UrlParameters) {
        let (rest, parameters) = UrlParameters::extract_from(&url.into()).unwrap();
        (rest.expose_secret().to_owned(), parameters)
    }

    #[test]
    fn url_without_parameters_is_unchanged() {
        for url in [
            "postgres://u:p@h/d",
            "postgres://h/d?application_name=a",
            "host=h  sslmode = 'require'",
        ] {
            assert_eq!(taken(url), (url.to_owned(), UrlParameters::default()));
        }
    }

    #[test]
    fn parameters_are_removed_from_the_url() {
        let (rest, parameters) = taken(
            "postgres://h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fca%20.pem&schema=My%20shop&pooler=transaction",
        );

        assert_eq!(rest, "postgres://h/d?connect_timeout=3");
        assert_eq!(parameters.tls_mode, Some(TlsMode::VerifyFull));
        assert_eq!(parameters.root_certificate, Some("/ca .pem".into()));
        assert_eq!(parameters.schema.as_deref(), Some("My shop"));
        assert_eq!(parameters.pooler, Some(Pooler::Transaction));
    }

    #[test]
    fn empty_query_is_removed() {
        assert_eq!(taken("postgres://h/d?sslmode=require").0, "postgres://h/d");
    }

    #[test]
    fn question_mark_in_password_starts_no_query() {
        let (rest, parameters) = taken("postgres://u:a?sslmode=hush@h/d?sslmode=disable");

        assert_eq!(rest, "postgres://u:a?sslmode=hush@h/d");
        assert_eq!(parameters.tls_mode, Some(TlsMode::Disable));
    }

    #[test]
    fn unknown_mode_error_hides_the_mode() {
        let error =
            UrlParameters::extract_from(&"postgres://h/d?sslmode=maybe".into()).unwrap_err();

        assert_eq!(error.field(), "sslmode");
        assert!(!error.to_string().contains("maybe"), "{error}");
    }
}
