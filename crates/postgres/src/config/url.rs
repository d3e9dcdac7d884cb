//! The part of a database URL that the driver does not understand.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tasktrail_domain::InvalidValue;

use crate::tls::TlsMode;

/// What a URL says of TLS. The driver knows three of the five modes and no root certificates.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TlsParameters {
    pub(super) mode: TlsMode,
    pub(super) root_certificate: Option<PathBuf>,
}

impl TlsParameters {
    /// Takes `sslmode` and `sslrootcert` out of a URL, or out of the `key=value` form.
    pub(super) fn taken_from(url: &SecretString) -> Result<(SecretString, Self), InvalidValue> {
        let mut taken = Self::default();
        let text = url.expose_secret();
        let rest = match text.split_once('?') {
            Some((place, query)) if place.contains("://") => {
                let rest = taken.take(query, '&')?;
                if rest.is_empty() {
                    place.to_owned()
                } else {
                    format!("{place}?{rest}")
                }
            }
            None if !text.contains("://") => taken.take(text, ' ')?,
            _ => text.to_owned(),
        };
        Ok((rest.into(), taken))
    }

    /// Takes what is ours out of a list of `key=value`, and returns the others.
    fn take(&mut self, list: &str, separator: char) -> Result<String, InvalidValue> {
        let mut rest = Vec::new();
        for part in list.split(separator) {
            match part.split_once('=') {
                Some(("sslmode", mode)) => self.mode = mode.parse()?,
                Some(("sslrootcert", file)) => {
                    let file = percent_decode_str(file).decode_utf8_lossy();
                    self.root_certificate = Some(PathBuf::from(&*file));
                }
                _ => rest.push(part),
            }
        }
        Ok(rest.join(&separator.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str) -> (String, TlsParameters) {
        let (rest, tls) = TlsParameters::taken_from(&url.into()).unwrap();
        (rest.expose_secret().to_owned(), tls)
    }

    #[test]
    fn a_url_without_them_stays_as_it_is() {
        for url in [
            "postgres://u:p@h/d",
            "postgres://h/d?application_name=a",
            "host=h  user='a b'",
        ] {
            assert_eq!(taken(url), (url.to_owned(), TlsParameters::default()));
        }
    }

    #[test]
    fn they_are_taken_out_of_a_url() {
        let (rest, tls) =
            taken("postgres://h/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fca%20.pem");

        assert_eq!(rest, "postgres://h/d?connect_timeout=3");
        assert_eq!(tls.mode, TlsMode::VerifyFull);
        assert_eq!(tls.root_certificate, Some("/ca .pem".into()));
    }

    #[test]
    fn they_are_taken_out_of_the_other_form() {
        assert_eq!(taken("host=h sslmode=disable").1.mode, TlsMode::Disable);
        assert_eq!(taken("postgres://h/d?sslmode=require").0, "postgres://h/d");
    }

    #[test]
    fn an_unknown_mode_is_named() {
        let error = TlsParameters::taken_from(&"postgres://h/d?sslmode=maybe".into()).unwrap_err();

        assert!(error.to_string().ends_with("got \"maybe\""), "{error}");
    }
}
