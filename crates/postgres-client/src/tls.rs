//! TLS connections, in the modes of libpq and `psql`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tasktrail_domain::InvalidValue;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

mod verifier;

/// How a connection is encrypted, and how the server's certificate is verified.
///
/// The modes are those of libpq (PostgreSQL documentation, section 34.19, "SSL Support").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsMode {
    /// Not encrypted.
    Disable,
    /// Encrypted if the server supports it. Any certificate is accepted. The default.
    #[default]
    Prefer,
    /// Always encrypted. Any certificate is accepted, unless root certificates are set: then the
    /// certificate must be signed by one of them, as with `VerifyCa`.
    Require,
    /// Always encrypted. The certificate must be signed by a trusted authority, for any host.
    VerifyCa,
    /// Always encrypted. The certificate must be signed by a trusted authority, for this host.
    VerifyFull,
}

impl TlsMode {
    const ALL: [Self; 5] = [
        Self::Disable,
        Self::Prefer,
        Self::Require,
        Self::VerifyCa,
        Self::VerifyFull,
    ];

    /// The mode as written in `sslmode=`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    /// The mode that the driver has parsed.
    #[must_use]
    pub(crate) fn of_driver(mode: SslMode) -> Self {
        match mode {
            SslMode::Disable => Self::Disable,
            SslMode::Require => Self::Require,
            _ => Self::Prefer,
        }
    }

    /// The part of the mode that the driver implements.
    #[must_use]
    pub fn driver(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TlsMode {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| {
                let known = "disable, prefer, require, verify-ca or verify-full";
                InvalidValue::text("sslmode", known, text)
            })
    }
}

/// The root certificates could not be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot use the root certificates{}", of_file(file.as_deref()))]
pub struct TlsError {
    file: Option<PathBuf>,
    source: Arc<dyn std::error::Error + Send + Sync>,
}

fn of_file(file: Option<&Path>) -> String {
    file.map_or_else(
        || " of this system".to_owned(),
        |file| format!(" in {}", file.display()),
    )
}

/// The TLS configuration of a pool.
#[derive(Clone)]
pub struct Tls {
    mode: TlsMode,
    connector: MakeRustlsConnect,
}

impl Tls {
    /// Reads the root certificates from the file, or from the system if there is none.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if the certificate authorities cannot be read.
    pub fn new(mode: TlsMode, roots: Option<&Path>) -> Result<Self, TlsError> {
        let failed = |source| TlsError {
            file: roots.map(Path::to_owned),
            source,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = verifier(mode, roots, &provider).map_err(|error| failed(error.into()))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(Arc::new(error)))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self {
            mode,
            connector: MakeRustlsConnect::new(config),
        })
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> TlsMode {
        self.mode
    }

    /// The driver's TLS connector.
    #[must_use]
    pub fn connector(&self) -> MakeRustlsConnect {
        self.connector.clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

fn verifier(
    mode: TlsMode,
    roots: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, BoxedError> {
    Ok(match (mode, roots) {
        (TlsMode::Disable | TlsMode::Prefer, _) | (TlsMode::Require, None) => {
            Arc::new(verifier::AnyCertificate::new(provider))
        }
        // As in libpq: root certificates, if set, are always used for verification.
        (TlsMode::Require | TlsMode::VerifyCa, roots) => {
            Arc::new(verifier::AnyHost::new(authorities(roots, provider)?))
        }
        (TlsMode::VerifyFull, roots) => authorities(roots, provider)?,
    })
}

fn authorities(
    roots: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, BoxedError> {
    let Some(file) = roots else {
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider))?;
        return Ok(Arc::new(system));
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file)? {
        store.add(certificate?)?;
    }
    let provider = Arc::clone(provider);
    Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_round_trip_through_text() {
        for mode in TlsMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        assert_eq!(
            "allow".parse::<TlsMode>().unwrap_err().to_string(),
            "sslmode must be disable, prefer, require, verify-ca or verify-full, got \"allow\""
        );
    }

    #[test]
    fn missing_file_is_named_in_the_error() {
        let error = Tls::new(TlsMode::VerifyFull, Some(Path::new("/no/such.pem"))).unwrap_err();

        assert_eq!(
            error.to_string(),
            "cannot use the root certificates in /no/such.pem"
        );
    }
}
