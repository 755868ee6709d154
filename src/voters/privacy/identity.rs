//! Users, hosts, addresses and names of an organisation's inside, wherever a text names them.
use super::Kind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ends of names that exist only inside.
const INSIDE: &[&str] = &[
    "local",
    "lan",
    "internal",
    "corp",
    "intra",
    "intranet",
    "home",
    "localdomain",
    "private",
    "ad",
    "domain",
    "arpa",
];
/// Names that everybody has and that tell nothing.
const EVERYBODYS: &str = "system localsystem local service network service root nobody administrator administrators \
    admin user users guest default public everyone builtin nt authority nt service window manager font driver host \
    localhost windows system32 syswow64 program files microsoft daemon www-data sshd unknown none null true false yes \
    no all user all users default user defaultaccount workgroup com net org exe dll trustedinstaller iis apppool any";

/// Whether a name is one that everybody has.
pub(super) fn is_everybodys(value: &str) -> bool {
    const WHOLE: &[&str] = &[
        "nt authority",
        "nt service",
        "local service",
        "network service",
        "window manager",
        "all users",
        "iis apppool",
        "font driver host",
        "default user",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "::",
    ];
    let lower = value.to_lowercase();
    WHOLE.contains(&lower.as_str()) || EVERYBODYS.split_ascii_whitespace().any(|known| known == lower)
}

/// Whether a field's name says that its value is a user.
pub(super) fn is_user_field(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let told = ["user", "account", "owner", "principal", "upn", "login", "logon_name", "displayname"];
    let other = ["agent", "_id", "type", "useris", "count", "sid", "guid", "path", "data", "mode", "status"];
    told.iter().any(|part| key.contains(part)) && !other.iter().any(|part| key.contains(part))
}

/// Whether a field's name says that its value is a host.
pub(super) fn is_host_field(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["hostname", "host_name", "computer", "workstation", "machine_name", "machinename", "device_name", "devicename"]
        .iter()
        .any(|part| key.contains(part))
}

/// All that a text names.
pub(super) fn find(text: &str) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    homes(text, &mut found);
    shares(text, &mut found);
    options(text, &mut found);
    for run in text.split(|c: char| !(c.is_alphanumeric() || "._%+-@".contains(c))) {
        email(run, &mut found);
        for name in run.split('@') {
            inside(name, &mut found);
        }
    }
    for run in text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':')) {
        address(run, &mut found);
    }
    found
}

/// `C:\Users\ana\`, `/home/ana/`, with slashes doubled where a text was escaped.
fn homes(text: &str, found: &mut Vec<(Kind, String)>) {
    const HOMES: &[&str] = &["users", "home", "documents and settings", "profiles"];
    let lower = text.to_ascii_lowercase();
    for home in HOMES {
        for (at, _) in lower.match_indices(home) {
            let before = text[..at].ends_with(['\\', '/']);
            let rest = &text[at + home.len()..];
            let name = rest.trim_start_matches(['\\', '/']);
            if !before || name.len() == rest.len() {
                continue;
            }
            let end = name.find(['\\', '/', '"', '\'', '<', '>', '|', ':', '*', '?', ';', ',']).unwrap_or(name.len());
            let whole = &name[..end];
            // Without a folder after it, a blank ends the name.
            let inner = name[end..].starts_with(['\\', '/']) && whole.chars().count() <= 40;
            let user = if inner { whole } else { whole.split_whitespace().next().unwrap_or_default() };
            found.push((Kind::User, user.to_owned()));
        }
    }
}

/// `\\server\share`
fn shares(text: &str, found: &mut Vec<(Kind, String)>) {
    for (at, _) in text.match_indices("\\\\") {
        let free = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "\"'=(,;".contains(c));
        let name: &str = &text[at + 2..];
        let end = name.find(|c: char| !(c.is_alphanumeric() || "._-".contains(c))).unwrap_or(name.len());
        if free && end > 0 && name[..end].starts_with(char::is_alphanumeric) {
            found.push((Kind::Host, name[..end].to_owned()));
        }
    }
}

/// `/user:ACME\ana`, `-u ana`, `net user ana …`, `/node:server`, `-ComputerName server`
fn options(text: &str, found: &mut Vec<(Kind, String)>) {
    const USERS: &[&str] =
        &["/user", "-user", "--user", "-u", "/u", "/ru", "-username", "--username", "-credential", "/runas", "-l"];
    const HOSTS: &[&str] = &["/node", "-computername", "--host", "-server", "--server"];
    /// Programs that take a host after `/s`.
    const REMOTE: &[&str] = &["schtasks", "tasklist", "taskkill", "systeminfo", "driverquery"];
    let words: Vec<&str> = text.split_whitespace().collect();
    let lower = text.to_ascii_lowercase();
    let remote = REMOTE.iter().any(|program| lower.contains(program));
    for (at, word) in words.iter().enumerate() {
        let (option, value) =
            word.split_once([':', '=']).unwrap_or((*word, words.get(at + 1).copied().unwrap_or_default()));
        let option = option.to_ascii_lowercase();
        let value = value.trim_matches(['"', '\'', ';', ',']);
        // `curl -u ana:secret`; the secret is found elsewhere.
        let name = value.split(':').next().unwrap_or_default();
        let plain = !name.starts_with(['-', '/', '\\', '.']) && !name.contains(['/', '%', '$']) && name.len() > 1;
        if USERS.contains(&option.as_str()) && plain {
            found.push((Kind::User, name.to_owned()));
        } else if (HOSTS.contains(&option.as_str()) || remote && option == "/s")
            && plain
            && name.contains(|c: char| c.is_alphabetic())
            && name.len() > 3
        {
            found.push((Kind::Host, name.to_owned()));
        } else if is_net_user(&words, at) {
            let name = words[at].trim_matches(['"', '\'']);
            found.push((Kind::User, name.to_owned()));
        }
    }
}

/// Whether a word is the name in `net user NAME`.
pub(super) fn is_net_user(words: &[&str], at: usize) -> bool {
    let net = |word: &str| {
        let word = word.trim_matches(['"', '\'']).to_ascii_lowercase();
        let name = word.rsplit(['\\', '/']).next().unwrap_or_default().trim_end_matches(".exe");
        matches!(name, "net" | "net1")
    };
    at >= 2 && words[at - 1].eq_ignore_ascii_case("user") && net(words[at - 2]) && !words[at].starts_with('/')
}

fn email(run: &str, found: &mut Vec<(Kind, String)>) {
    let run = run.trim_matches(['.', '-', '%', '+']);
    if let Some((name, host)) = run.split_once('@')
        && !name.is_empty()
        && host.contains('.')
        && !host.contains('@')
    {
        found.push((Kind::Email, run.to_owned()));
        found.push((Kind::User, name.to_owned()));
    }
}

/// A name that ends like those inside, and what it ends with.
fn inside(run: &str, found: &mut Vec<(Kind, String)>) {
    let run = run.trim_matches(['.', '-']);
    let Some((rest, last)) = run.rsplit_once('.') else { return };
    if !rest.is_empty() && INSIDE.contains(&last.to_ascii_lowercase().as_str()) {
        found.push((Kind::Domain, run.to_owned()));
        if let Some((_, domain)) = run.split_once('.').filter(|(_, domain)| domain.contains('.')) {
            found.push((Kind::Domain, domain.to_owned()));
        }
    }
}

/// An address of the inside. The machine itself is everybody's.
fn address(run: &str, found: &mut Vec<(Kind, String)>) {
    let run = run.trim_matches('.');
    let v4 = run
        .split(':')
        .filter_map(|part| part.trim_matches('.').parse::<Ipv4Addr>().ok().map(|ip| (part.trim_matches('.'), ip)));
    for (text, ip) in v4 {
        let shared = ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]);
        if ip.is_private() || ip.is_link_local() || shared {
            found.push((Kind::Ip, text.to_owned()));
        }
    }
    let v6 = run.parse::<Ipv6Addr>().ok().filter(|ip| ip.is_unique_local() || ip.is_unicast_link_local());
    if v6.is_some() && run.parse::<IpAddr>().is_ok() {
        found.push((Kind::Ip, run.to_owned()));
    }
}
