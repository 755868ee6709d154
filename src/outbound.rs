//! The HTTP client that all questions to others go through. Whoever asks sets the deadline.
use crate::limits;
use reqwest::redirect::Policy;
use rustls::crypto::ring::default_provider;
use rustls::{CertificateError, ClientConfig};
use rustls_platform_verifier::BuilderVerifierExt;
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Some servers close idle connections after five seconds, and a broken one is not tried again.
const IDLE: Duration = Duration::from_secs(3);
/// Who asks.
const NAME: &str = concat!("FusionSOC/", env!("CARGO_PKG_VERSION"));

/// A client that neither follows redirects nor hangs on connecting.
///
/// # Errors
/// Where TLS can't be set up, as without any certificate that the machine trusts.
pub fn client() -> Result<reqwest::Client, NoClient> {
    let built = reqwest::Client::builder()
        .tls_backend_preconfigured(trust()?)
        .connect_timeout(limits::CONNECT)
        .pool_idle_timeout(IDLE)
        .redirect(Policy::none())
        .user_agent(NAME)
        .no_proxy()
        .build()?;
    Ok(built)
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// TLS.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client.
    #[error("{0}")]
    Client(#[from] reqwest::Error),
}

/// Whom the machine trusts. To read all its certificates takes longer than many a question, so it is done once.
fn trust() -> Result<ClientConfig, rustls::Error> {
    static READ: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(read) = READ.get() {
        return Ok(read.clone());
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(READ.get_or_init(|| config).clone())
}

/// Why no connection came about, without the address, which may hold a secret.
pub fn unconnected(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if let Some(rustls::Error::InvalidCertificate(wrong)) = this.downcast_ref() {
            return refused(wrong);
        }
        // An error of input and output is what it holds: as its source it names what is behind that.
        cause = match this.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => this.source(),
        };
    }
    "no connection"
}

const fn refused(wrong: &CertificateError) -> &'static str {
    match wrong {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        _ => "this machine does not trust its certificate",
    }
}
