//! The part of a database URL that the driver does not understand.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tasktrail_domain::InvalidValue;

use crate::tls::TlsMode;

/// What the driver knows nothing of: two of the five modes of TLS, root certificates, and the schema.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct UrlParameters {
    pub(super) tls_mode: Option<TlsMode>,
    pub(super) root_certificate: Option<PathBuf>,
    pub(super) schema: Option<String>,
}

impl UrlParameters {
    /// Takes `sslmode`, `sslrootcert` and `schema` out of a URL. The `key=value` form stays as it is: the
    /// driver reads the modes that it knows from it.
    pub(super) fn taken_from(url: &SecretString) -> Result<(SecretString, Self), InvalidValue> {
        let mut taken = Self::default();
        let Some((place, query)) = split(url.expose_secret()) else {
            return Ok((url.clone(), taken));
        };
        let mut rest = Vec::new();
        for part in query.split('&') {
            match part.split_once('=') {
                Some(("sslmode", mode)) => {
                    taken.tls_mode = Some(mode.parse().map_err(|refused| hidden(&refused))?);
                }
                Some(("sslrootcert", file)) => {
                    let file = percent_decode_str(file).decode_utf8_lossy();
                    taken.root_certificate = Some(PathBuf::from(&*file));
                }
                Some(("schema", name)) => {
                    let name = percent_decode_str(name).decode_utf8_lossy();
                    taken.schema = Some(name.into_owned());
                }
                _ => rest.push(part),
            }
        }
        let rest = rest.join("&");
        let url = if rest.is_empty() {
            place.to_owned()
        } else {
            format!("{place}?{rest}")
        };
        Ok((url.into(), taken))
    }
}

/// A password that holds `@` and `?` as they are can look like a parameter.
fn hidden(refused: &InvalidValue) -> InvalidValue {
    InvalidValue::new(
        refused.field(),
        refused.limit().to_owned(),
        "something else (not shown, it may be part of a password)",
    )
}

/// A URL in front of and behind the mark of its query. One in a password is none: the user and the
/// password end at the first `@`.
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
        let (rest, parameters) = UrlParameters::taken_from(&url.into()).unwrap();
        (rest.expose_secret().to_owned(), parameters)
    }

    #[test]
    fn a_url_without_them_stays_as_it_is() {
        for url in [
            "postgres://u:p@h/d",
            "postgres://h/d?application_name=a",
            "host=h  sslmode = 'require'",
        ] {
            assert_eq!(taken(url), (url.to_owned(), UrlParameters::default()));
        }
    }

    #[test]
    fn they_are_taken_out_of_a_url() {
        let (rest, parameters) = taken(
            "postgres://h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fca%20.pem&schema=My%20shop",
        );

        assert_eq!(rest, "postgres://h/d?connect_timeout=3");
        assert_eq!(parameters.tls_mode, Some(TlsMode::VerifyFull));
        assert_eq!(parameters.root_certificate, Some("/ca .pem".into()));
        assert_eq!(parameters.schema.as_deref(), Some("My shop"));
    }

    #[test]
    fn nothing_is_left_of_a_query_of_its_own() {
        assert_eq!(taken("postgres://h/d?sslmode=require").0, "postgres://h/d");
    }

    #[test]
    fn a_question_mark_in_a_password_begins_no_query() {
        let (rest, parameters) = taken("postgres://u:a?sslmode=hush@h/d?sslmode=disable");

        assert_eq!(rest, "postgres://u:a?sslmode=hush@h/d");
        assert_eq!(parameters.tls_mode, Some(TlsMode::Disable));
    }

    #[test]
    fn an_unknown_mode_is_refused_without_showing_it() {
        let error = UrlParameters::taken_from(&"postgres://h/d?sslmode=maybe".into()).unwrap_err();

        assert_eq!(error.field(), "sslmode");
        assert!(!error.to_string().contains("maybe"), "{error}");
    }
}
