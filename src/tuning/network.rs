//! Addresses and networks as LimaCharlie's operators tell them apart.
use super::rule::{RuleError, invalid};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network: its first address and the length of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    prefix: u32,
}

impl Network {
    pub fn read(text: &str) -> Result<Self, RuleError> {
        let parts = text.split_once('/').and_then(|(first, prefix)| Some((first.parse().ok()?, prefix.parse().ok()?)));
        let Some((first, prefix)) = parts else { return invalid("cidr", "must be a network such as 10.16.1.0/24") };
        let most = if matches!(first, IpAddr::V4(_)) { 32 } else { 128 };
        if prefix > most {
            return invalid("cidr", "has a prefix that is too long");
        }
        Ok(Self { first, prefix })
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differ = first.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differ = first.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Which addresses an operator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub private: bool,
    /// Only this version, 4 or 6.
    pub version: Option<u8>,
}

impl Kind {
    pub fn fits(self, address: IpAddr) -> bool {
        let version = if address.is_ipv4() { 4 } else { 6 };
        let right = self.version.is_none_or(|only| only == version);
        right && if self.private { is_private(address) } else { is_public(address) }
    }
}

/// RFC 1918, the shared space of RFC 6598, and unique local addresses.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || is_shared(v4),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let special = v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_unspecified();
            !(special || v4.is_private() || is_shared(v4))
        }
        IpAddr::V6(v6) => {
            let special = v6.is_loopback() || v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified();
            !(special || v6.is_unique_local() || is_site_local(v6))
        }
    }
}

const fn is_shared(v4: Ipv4Addr) -> bool {
    let [first, second, ..] = v4.octets();
    first == 100 && second & 0xC0 == 64
}

const fn is_site_local(v6: Ipv6Addr) -> bool {
    v6.segments()[0] & 0xFFC0 == 0xFEC0
}
