//! Where LimaCharlie is, which organisation is asked about, and how long an answer may take.
use super::ids::Oid;
use crate::limits;
use crate::secret::Key;
use reqwest::Url;
use std::time::Duration;

/// The address of the API where none is set.
pub const API_URL: &str = "https://api.limacharlie.io";
/// The address of the sign-in where none is set.
pub const JWT_URL: &str = "https://jwt.limacharlie.io";

/// What a [`super::Client`] is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The organisation.
    pub oid: Oid,
    /// The API key, exchanged for a token that lives an hour.
    pub api_key: Key,
    /// The API without `/v1`.
    pub api_url: String,
    /// Where the key is exchanged.
    pub jwt_url: String,
    /// One call may take so long, everything in it included.
    pub patience: Duration,
    /// After a passing failure the call is repeated after these waits.
    pub back_off: [Duration; 2],
    /// A longer `Retry-After` ends the call with [`super::Error::RateLimited`].
    pub longest_wait: Duration,
}

/// Settings that can't be used; the text begins with the name of the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// Not an address, or one to which no key may be sent.
    #[error("{0}: must be like https://api.limacharlie.io; http is for this machine only")]
    Address(&'static str),
    /// The program can't speak TLS.
    #[error("TLS can't be set up")]
    Tls,
}

impl Settings {
    /// The usual settings of an organisation.
    pub fn new(oid: Oid, api_key: impl Into<Key>) -> Self {
        Self {
            oid,
            api_key: api_key.into(),
            api_url: API_URL.to_owned(),
            jwt_url: JWT_URL.to_owned(),
            patience: limits::LIMACHARLIE_CALL,
            back_off: [Duration::from_secs(1), Duration::from_secs(2)],
            longest_wait: limits::RETRY_AFTER,
        }
    }

    /// Whether the addresses can be used.
    ///
    /// # Errors
    /// See [`BadSettings`].
    pub fn check(&self) -> Result<(), BadSettings> {
        address(&self.api_url).ok_or(BadSettings::Address("api_url"))?;
        address(&self.jwt_url).map(|_| ()).ok_or(BadSettings::Address("jwt_url"))
    }

    /// The address of the API without a slash at the end.
    pub(super) fn api(&self) -> &str {
        self.api_url.trim_end_matches('/')
    }
}

/// An address without name, password and query; plain http only to this machine.
pub(super) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    (bare && scheme && url.fragment().is_none() && url.host_str().is_some()).then_some(url)
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}
