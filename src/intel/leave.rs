//! What may leave: hashes, public addresses, names and, where that is switched on, URLs. Nothing else ever does.
use super::settings::Common;
use crate::domain::intel::Query;
use crate::domain::{Observable, ObservableKind, known_good, observable};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Last labels of names that mean something in one network only, or stand for addresses.
const INNER: &[&str] = &[
    "arpa",
    "consul",
    "corp",
    "dmz",
    "docker",
    "domain",
    "home",
    "host",
    "internal",
    "intra",
    "intranet",
    "invalid",
    "lan",
    "lcl",
    "loc",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "priv",
    "private",
    "svc",
    "test",
    "workgroup",
];
/// Names that hosts of everybody have.
const COMMON: &[&str] = &["api", "ftp", "imap", "mail", "ns", "ns1", "ns2", "smtp", "vpn", "web", "www"];
/// Parts of the names of parameters that hold secrets.
const SECRET: &[&str] =
    &["auth", "code", "cred", "jwt", "key", "pass", "pwd", "secret", "session", "sig", "token", "user"];
/// The longest URL that is asked about.
const LONGEST_URL: usize = 2_000;

/// What others may be asked about: what the event holds, its hosts' own names left out.
pub struct Border<'a> {
    /// The settings.
    pub settings: &'a Common,
    /// The sensor's name.
    pub hostname: &'a str,
}

impl Border<'_> {
    /// An observable as others may be asked about it; nothing where it must stay or everybody has it.
    pub fn pass(&self, observable: &Observable) -> Option<Query> {
        let value = self.outside(observable.kind, &observable.value)?;
        (known_good::why(observable.kind, &value).is_none()).then(|| Query {
            kind: observable.kind,
            observable: observable.value.clone(),
            value,
        })
    }

    fn outside(&self, kind: ObservableKind, value: &str) -> Option<String> {
        match kind {
            ObservableKind::Sha256 => hash(value, 64),
            ObservableKind::Sha1 => hash(value, 40),
            ObservableKind::Md5 => hash(value, 32),
            ObservableKind::Ip => address(value).map(|ip| ip.to_string()),
            ObservableKind::Domain => self.name(value),
            ObservableKind::Url if self.settings.urls => self.url(value),
            _ => None,
        }
    }

    /// A name with at least two labels that is neither an inner one nor the host's own.
    fn name(&self, value: &str) -> Option<String> {
        let ascii = value.is_ascii().then(|| value.to_ascii_lowercase());
        // Others know a name of other letters by its form on the wire (RFC 3492).
        let wire = || reqwest::Url::parse(&format!("http://{value}/")).ok()?.host_str().map(str::to_owned);
        let name = ascii.or_else(wire)?;
        let name = name.trim_end_matches('.').to_owned();
        let labels: Vec<&str> = name.split('.').collect();
        let fits = |label: &&str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let last = labels.last()?;
        let top = last.len() >= 2 && (last.starts_with("xn--") || last.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let well_formed = labels.len() >= 2 && name.len() <= 253 && top && labels.iter().all(fits);
        let ours = |suffix: &String| name == *suffix || name.ends_with(&format!(".{suffix}"));
        let inner = INNER.contains(last) || self.settings.internal_domains.iter().any(ours) || self.is_own(&name);
        (well_formed && !inner).then_some(name)
    }

    /// Whether a name is the sensor's own, or lies in the sensor's own domain.
    fn is_own(&self, name: &str) -> bool {
        let host = self.hostname.trim_end_matches('.').to_ascii_lowercase();
        let (own, domain) = host.split_once('.').unwrap_or((&host, ""));
        let first = name.split('.').next().unwrap_or_default();
        let within = domain.contains('.') && (name == domain || name.ends_with(&format!(".{domain}")));
        // A host that is called "mail" or "www" says nothing about others of that name.
        !own.is_empty() && (name == host || first == own && !COMMON.contains(&own)) || within
    }

    /// A URL without user, password, fragment and parameters that could be secrets.
    fn url(&self, value: &str) -> Option<String> {
        if value.len() > LONGEST_URL {
            return None;
        }
        let mut url = reqwest::Url::parse(value).ok()?;
        if !matches!(url.scheme(), "http" | "https" | "ftp") {
            return None;
        }
        let host = url.host_str()?;
        let bare = host.trim_matches(['[', ']']);
        let outer = match bare.parse::<IpAddr>() {
            Ok(_) => address(bare).is_some(),
            Err(_) => self.name(bare).is_some(),
        };
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        url.set_fragment(None);
        let secret = |name: &str| SECRET.iter().any(|word| name.to_ascii_lowercase().contains(word));
        if url.query_pairs().any(|(name, _)| secret(&name)) {
            url.set_query(None);
        }
        (outer && url.as_str().len() <= LONGEST_URL).then(|| url.to_string())
    }
}

fn hash(value: &str, length: usize) -> Option<String> {
    (value.len() == length && value.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| value.to_ascii_lowercase())
}

/// An address that lies in the public network, an embedded one unpacked.
fn address(value: &str) -> Option<IpAddr> {
    let ip = match value.parse().ok()? {
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4),
        ip @ IpAddr::V4(_) => ip,
    };
    let public = match ip {
        IpAddr::V4(ip) => routed_v4(ip),
        IpAddr::V6(ip) => routed_v6(ip),
    };
    (public && matches!(observable::place(ip), "public" | "documentation")).then_some(ip)
}

/// Beside what [`observable::place`] knows: "this network", protocol assignments, benchmarks, reserved (RFC 6890).
const fn routed_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 198 && b & 0xFE == 18))
}

/// Global unicast (RFC 4291) without the tunnels that embed an IPv4 address: Teredo and 6to4.
const fn routed_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    first & 0xE000 == 0x2000 && first != 0x2002 && !(first == 0x2001 && second == 0)
}
