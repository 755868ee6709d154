//! Observables: the typed values in an event that can be looked up and matched.
use super::words::words;
use serde::Serialize;
use std::net::IpAddr;

words! {
    /// The type of an observable.
    ObservableKind ("type") {
        /// SHA-256, 64 hex digits.
        Sha256 = "sha256", "SHA-256";
        /// SHA-1, 40 hex digits.
        Sha1 = "sha1", "SHA-1";
        /// MD5, 32 hex digits.
        Md5 = "md5", "MD5";
        /// A file's full path.
        Path = "path", "Path";
        /// A file's name without its folders, in lower case.
        File = "file", "File name";
        /// An IPv4 or IPv6 address.
        Ip = "ip", "IP address";
        /// A domain name.
        Domain = "domain", "Domain";
        /// A URL.
        Url = "url", "URL";
        /// An e-mail address.
        Email = "email", "E-mail address";
        /// A registry key.
        RegistryKey = "registry_key", "Registry key";
        /// A named pipe.
        Pipe = "pipe", "Named pipe";
        /// A whole command line.
        CommandLine = "command_line", "Command line";
        /// A user's name.
        User = "user", "User";
        /// A host's name.
        Host = "host", "Host";
    }
}

/// One value with its type and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Observable {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ObservableKind,
    /// Its value; hashes, addresses, domains, file names and hosts in lower case.
    pub value: String,
    /// Where in the event it was, such as `PARENT/HASH`.
    pub role: String,
}

impl Observable {
    /// Where an address lies, for an address; what is known of the value, where it is a harmless one everybody has.
    pub fn about(kind: ObservableKind, value: &str) -> (Option<&'static str>, Option<&'static str>) {
        let place = (kind == ObservableKind::Ip).then(|| value.parse().ok()).flatten().map(place);
        (place, super::known_good::why(kind, value))
    }
}

impl Observable {
    /// Whether other hosts can be searched for a value: it is what its type says, and holds nothing that a query would read.
    pub fn searchable(kind: ObservableKind, value: &str) -> bool {
        let is_hash = matches!(value.len(), 32 | 40 | 64) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let plain = |c: char| !c.is_control() && !"'\"|`".contains(c);
        match kind {
            ObservableKind::Sha256 | ObservableKind::Sha1 | ObservableKind::Md5 => is_hash,
            ObservableKind::Domain => value.len() <= 253 && value.contains('.') && value.chars().all(name),
            ObservableKind::Ip => value.parse().is_ok_and(|ip| place(ip) == "public" || place(ip) == "documentation"),
            ObservableKind::Path | ObservableKind::File | ObservableKind::User => {
                (1..=400).contains(&value.chars().count()) && value.chars().all(plain)
            }
            _ => false,
        }
    }
}

/// Where an address lies: the special ranges of RFC 6890 in one word each.
pub fn place(address: IpAddr) -> &'static str {
    match address {
        ip if ip.is_loopback() => "loopback",
        ip if ip.is_unspecified() => "unspecified",
        ip if ip.is_multicast() => "multicast",
        IpAddr::V4(ip) if ip.is_private() => "private",
        IpAddr::V4(ip) if ip.is_link_local() => "link-local",
        IpAddr::V4(ip) if ip.is_broadcast() => "broadcast",
        IpAddr::V4(ip) if ip.is_documentation() => "documentation",
        IpAddr::V4(ip) if ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64 => "carrier NAT",
        IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => ip.to_ipv4_mapped().map_or("public", |v4| place(v4.into())),
        IpAddr::V6(ip) if ip.is_unique_local() => "private",
        IpAddr::V6(ip) if ip.is_unicast_link_local() => "link-local",
        _ => "public",
    }
}
