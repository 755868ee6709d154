//! TLS on the program's own listener: certificate and key from files, read again when they change.
use crate::clock::now_ms;
use crate::config;
use crate::secret;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_mins(1);
/// So long before it expires, a certificate is warned of.
const SOON_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// A certificate or key that can't be used, with the setting that names it.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: {text}")]
pub struct BadTls {
    setting: &'static str,
    text: String,
}

const CERT: &str = "server.tls_cert";
const KEY: &str = "server.tls_key";

fn bad(setting: &'static str, text: impl std::fmt::Display) -> BadTls {
    BadTls { setting, text: text.to_string() }
}

/// When each file was changed and how long it is.
type Stamp = [Option<(SystemTime, u64)>; 2];

#[derive(Debug)]
struct Loaded {
    key: Arc<CertifiedKey>,
    until_ms: i64,
    stamp: Stamp,
}

/// The certificate that is served now, and the files that it came from.
#[derive(Debug)]
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    now: RwLock<Loaded>,
}

impl Certificate {
    /// Reads the files of the settings; nothing where TLS is not set up.
    ///
    /// # Errors
    /// Where a file can't be read, holds something else, or the key is not the certificate's.
    pub fn open(settings: &config::Server) -> Result<Option<Arc<Self>>, BadTls> {
        if settings.tls_cert.is_empty() {
            return Ok(None);
        }
        let (cert, key) = (PathBuf::from(&settings.tls_cert), PathBuf::from(&settings.tls_key));
        let now = RwLock::new(load(&cert, &key)?);
        Ok(Some(Arc::new(Self { cert, key, now })))
    }

    /// What accepts TLS connections with whatever certificate is current then.
    ///
    /// # Errors
    /// Where the cryptography can't do what TLS 1.2 and 1.3 need.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, BadTls> {
        let versions = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| bad(CERT, error))?.with_no_client_auth();
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut config = builder.with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// What is to be said of the certificate's time, if anything.
    pub fn warning(&self) -> Option<String> {
        let until_ms = self.now.read().unwrap_or_else(PoisonError::into_inner).until_ms;
        let until = jiff::Timestamp::from_millisecond(until_ms).unwrap_or_default().strftime("%Y-%m-%d %H:%M UTC");
        match until_ms - now_ms() {
            ..=0 => Some(format!("{CERT}: the certificate expired on {until}")),
            1..SOON_MS => Some(format!("{CERT}: the certificate expires on {until}")),
            _ => None,
        }
    }

    /// Reads the files again; where they can't be used, the certificate stays as it is.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn reload(&self) -> Result<(), BadTls> {
        let loaded = load(&self.cert, &self.key)?;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    fn has_changed(&self) -> bool {
        self.now.read().unwrap_or_else(PoisonError::into_inner).stamp != stamp(&self.cert, &self.key)
    }

    /// Reads the files again on SIGHUP and when they have changed, until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut asked) = signal(SignalKind::hangup()) else { return };
        let mut look = tokio::time::interval(LOOK);
        loop {
            let wanted = tokio::select! {
                () = stop.cancelled() => return,
                _ = asked.recv() => true,
                _ = look.tick() => false,
            };
            // The files may lie on a share that hangs: that must stop no thread on which others depend.
            let this = Arc::clone(&self);
            let read = move || (wanted || this.has_changed()).then(|| this.reload());
            let Ok(Some(read)) = tokio::task::spawn_blocking(read).await else { continue };
            // A pair that is half replaced does not match; the next look finds both.
            match read {
                Ok(()) => tracing::info!("the TLS certificate was read again"),
                Err(error) => tracing::error!(%error, "the TLS certificate stays as it was"),
            }
            if let Some(warning) = self.warning() {
                tracing::warn!("{warning}");
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

fn stamp(cert: &Path, key: &Path) -> Stamp {
    [cert, key].map(|file| {
        let data = std::fs::metadata(file).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}

fn load(cert: &Path, key: &Path) -> Result<Loaded, BadTls> {
    let stamp = stamp(cert, key);
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain: Vec<CertificateDer<'static>> =
        chain.map_err(|error| bad(CERT, format!("{}: {error}", cert.display())))?;
    let Some(first) = chain.first() else {
        return Err(bad(CERT, format!("{}: holds no certificate in PEM form", cert.display())));
    };
    let (_, parsed) = x509_parser::parse_x509_certificate(first)
        .map_err(|error| bad(CERT, format!("{}: {error}", cert.display())))?;
    let until_ms = parsed.validity().not_after.timestamp().saturating_mul(1000);
    let pem = secret::from_file(key).map_err(|error| bad(KEY, error))?;
    let key_der = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes())
        .map_err(|_| bad(KEY, format!("{}: holds no private key in PEM form", key.display())))?;
    let pair = CertifiedKey::from_der(chain, key_der, &ring::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            bad(KEY, format!("{}: is not the key of the certificate in {}", key.display(), cert.display()))
        }
        other => bad(KEY, format!("{}: {other}", key.display())),
    })?;
    Ok(Loaded { key: Arc::new(pair), until_ms, stamp })
}
