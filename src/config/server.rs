//! `[server]`: how the web server listens, and how long people stay signed in.
use super::BadConfig;
use crate::secret::{self, Secret};
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// A token that is shorter could be guessed.
const SHORTEST_TOKEN: usize = 16;

/// `[server]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port on which it listens.
    pub listen: SocketAddr,
    /// The address that people use, such as `https://soc.example` without a slash at the end, for links and the origin
    /// check; none for that of `listen`.
    pub public_url: String,
    /// The file with a certificate chain as PEM, for TLS without a proxy; needs `tls_key`. Both are read again on
    /// SIGHUP and when they change.
    pub tls_cert: String,
    /// The file with its private key as PEM.
    #[schemars(extend("x-secret" = "file"))]
    pub tls_key: String,
    /// Addresses of proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpAddr>,
    /// Cookies without `Secure`, for plain http; only where `listen` is an address of this machine alone.
    pub insecure_cookies: bool,
    /// A session ends after so many minutes without a request, 5 to 1440.
    pub session_idle_minutes: u16,
    /// A session ends after so many hours in any case, 1 to 168.
    pub session_hours: u16,
    /// The file with the key that seals stored secrets, beside a `SQLite` database; made at the first start, and never
    /// again once something was sealed or signed with it. Keep a copy: no backup holds it.
    #[schemars(extend("x-secret" = "file"))]
    pub key_file: String,
    /// Address and port where `/metrics` is told without a token, such as `127.0.0.1:9090`, on this machine alone; a
    /// worker beside the server needs another port.
    pub metrics_listen: Option<SocketAddr>,
    /// The file with the token that `/metrics` and the details of `/readyz` ask for, 16 characters or more.
    #[schemars(extend("x-secret" = "file"))]
    pub metrics_token_file: String,
    /// The same token, which never stands in the configuration file.
    #[schemars(extend("x-secret" = "environment"))]
    pub metrics_token: Option<Secret>,
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
            metrics_listen: None,
            metrics_token_file: String::new(),
            metrics_token: None,
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
        if self.metrics_listen.is_some_and(|address| !address.ip().is_loopback()) {
            return no("metrics_listen: must be an address of this machine alone, such as 127.0.0.1:9090");
        }
        self.metrics_token()?;
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

    /// The token for the numbers, read anew; none where nothing is set.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn metrics_token(&self) -> Result<Option<Secret>, BadConfig> {
        let bad = |name: &str, why: &str| BadConfig(format!("server.{name}: {why}"));
        let (name, token) = match (&self.metrics_token, self.metrics_token_file.as_str()) {
            (Some(token), _) => ("metrics_token", token.clone()),
            (None, "") => return Ok(None),
            (None, file) => {
                let read = secret::from_file(Path::new(file));
                ("metrics_token_file", read.map_err(|error| bad("metrics_token_file", &error.to_string()))?)
            }
        };
        if token.expose().len() < SHORTEST_TOKEN {
            return Err(bad(name, "must hold at least 16 characters"));
        }
        Ok(Some(token))
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
