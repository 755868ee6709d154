//! `[server]`: how the web server listens, and how long people stay signed in.
use super::BadConfig;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// The address that people use, for links and the origin check.
    pub public_url: String,
    /// A certificate chain as PEM, for TLS without a proxy; needs `tls_key`.
    pub tls_cert: String,
    /// Its private key as PEM, readable by its owner alone.
    pub tls_key: String,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpAddr>,
    /// Cookies without `Secure`; only on loopback.
    pub insecure_cookies: bool,
    /// A session ends after so many minutes without a request, 5 to 1440.
    pub session_idle_minutes: u16,
    /// A session ends after so many hours in any case, 1 to 168.
    pub session_hours: u16,
    /// The file with the key that seals stored secrets; made where it is missing.
    pub key_file: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            tls_cert: String::new(),
            tls_key: String::new(),
            trusted_proxies: Vec::new(),
            insecure_cookies: false,
            session_idle_minutes: 480,
            session_hours: 24,
            key_file: "fusionsoc.key".to_owned(),
        }
    }
}

impl Server {
    /// Looks whether the settings fit together.
    pub(super) fn check(&self) -> Result<(), BadConfig> {
        let no = |text: &str| Err(BadConfig(format!("server.{text}")));
        if self.insecure_cookies && !self.listen.ip().is_loopback() {
            return no("insecure_cookies: only with a loopback address in server.listen");
        }
        if !(5..=1440).contains(&self.session_idle_minutes) {
            return no("session_idle_minutes: must be between 5 and 1440");
        }
        if !(1..=168).contains(&self.session_hours) {
            return no("session_hours: must be between 1 and 168");
        }
        let url = &self.public_url;
        if !url.is_empty() && (!url.starts_with("http://") && !url.starts_with("https://") || url.ends_with('/')) {
            return no("public_url: must be like https://soc.example, without a slash at the end");
        }
        for (name, file, other) in [("key", &self.tls_cert, &self.tls_key), ("cert", &self.tls_key, &self.tls_cert)] {
            let set = if name == "key" { "cert" } else { "key" };
            if !file.is_empty() && other.is_empty() {
                return no(&format!("tls_{name}: is needed with server.tls_{set}"));
            }
        }
        Ok(())
    }

    /// How long a session may go unused, in words.
    pub fn idle_words(&self) -> String {
        match self.session_idle_minutes {
            60 => "1 hour".to_owned(),
            whole if whole % 60 == 0 => format!("{} hours", whole / 60),
            minutes => format!("{minutes} minutes"),
        }
    }

    /// The address that people use.
    pub fn address(&self) -> String {
        if self.public_url.is_empty() {
            let scheme = if self.tls_cert.is_empty() { "http" } else { "https" };
            format!("{scheme}://{}", self.listen)
        } else {
            self.public_url.clone()
        }
    }
}
