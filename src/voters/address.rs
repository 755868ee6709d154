//! Where a voter's server is: whether the address can be used, and whether data stays in the house.
use super::VoterConfig;
use super::build::BuildError;
use std::net::IpAddr;

/// The address of a server, without a slash at its end.
pub struct Address(pub String);

impl Address {
    /// The configured address, else the kind's usual one.
    ///
    /// # Errors
    /// Where it is no http or https address.
    pub fn of(config: &VoterConfig, usual: &str) -> Result<Self, BuildError> {
        let base = if config.base_url.is_empty() { usual } else { config.base_url.trim_end_matches('/') };
        let url = reqwest::Url::parse(base).ok();
        let fits = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if fits { Ok(Self(base.to_owned())) } else { Err(BuildError::Address(config.name.clone())) }
    }

    /// Why it is not asked at all: others on the way could read what is sent, the key included.
    pub fn refused(&self) -> Option<&'static str> {
        let plain = !self.0.starts_with("https://") && !is_loopback(&self.0);
        plain.then_some("plain http is used on this machine only; give the server an https address")
    }

    /// Host and port, which is what may be told of it.
    pub fn place(&self) -> String {
        let url = reqwest::Url::parse(&self.0).ok();
        let place = url.as_ref().and_then(|url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{}{port}", url.host_str()?))
        });
        place.unwrap_or_default()
    }

    /// Whether it lies on this machine or in a private network.
    pub fn in_house(&self) -> bool {
        is_in_house(&self.0)
    }
}

/// Whether an address lies on this machine or in a private network, so that data stays in the house.
fn is_in_house(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Err(_) => host == "localhost" || !host.is_empty() && !host.contains('.'),
    }
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
