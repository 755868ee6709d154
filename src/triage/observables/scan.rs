//! Finds observables by their form: whole values, and values inside a longer text.
use crate::domain::ObservableKind;
use crate::domain::command::tokens;
use crate::domain::path::file_name;
use std::net::IpAddr;

/// Whether a text is an IPv4 or IPv6 address.
pub fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// The kind of hash that a text can be by its length.
pub fn hash(text: &str) -> Option<ObservableKind> {
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    match text.len() {
        64 => Some(ObservableKind::Sha256),
        40 => Some(ObservableKind::Sha1),
        32 => Some(ObservableKind::Md5),
        _ => None,
    }
}

/// The hashes of Sysmon's form `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`; the import hash tells no file.
pub fn listed_hashes(text: &str) -> impl Iterator<Item = (ObservableKind, &str)> {
    text.split([',', ';', ' ']).filter_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or(("", part));
        if name.eq_ignore_ascii_case("imphash") { None } else { hash(value).map(|kind| (kind, value)) }
    })
}

/// Whether a text is a domain: labels of letters, digits, `-` and `_`, the last one not a number.
pub fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.contains('.')
        && text.split('.').all(label)
        && last.chars().count() >= 2
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is an e-mail address.
pub fn is_email(text: &str) -> bool {
    let local = |name: &str| {
        (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_alphanumeric() || "._%+-=".contains(c))
    };
    text.rsplit_once('@').is_some_and(|(name, domain)| local(name) && is_domain(domain))
}

/// Whether a text is the name of a pipe.
pub fn is_pipe(text: &str) -> bool {
    let starts = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts(r"\\.\pipe\") || starts(r"\Device\NamedPipe\")
}

/// Whether a text is a registry key.
pub fn is_registry_key(text: &str) -> bool {
    const HIVES: &[&str] = &[r"\REGISTRY\", "HKEY_", r"HKLM\", r"HKCU\", r"HKU\", r"HKCR\", r"HKCC\"];
    text.contains('\\')
        && HIVES.iter().any(|hive| text.get(..hive.len()).is_some_and(|start| start.eq_ignore_ascii_case(hive)))
}

/// What stands inside a text, in order: files, URLs with their hosts, e-mail addresses, addresses, hashes.
pub fn values(text: &str) -> Vec<(ObservableKind, &str)> {
    let mut found = Vec::new();
    for token in tokens(text) {
        if is_file(token) {
            found.push((ObservableKind::Path, token));
        }
        urls(token, &mut found);
        for part in token.split(['"', '\'', '<', '>', '(', ')', '[', ']', '{', '}', ',', ';', '|', '=']) {
            word(part.trim_end_matches(['.', ':', '!', '?']), &mut found);
        }
    }
    found
}

fn word<'a>(part: &'a str, found: &mut Vec<(ObservableKind, &'a str)>) {
    let host = part
        .rsplit_once(':')
        .filter(|(host, port)| !host.contains(':') && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(part, |(host, _)| host);
    let mail = part.strip_prefix("mailto:").unwrap_or(part);
    // A version number has the form of an address; one that starts with 0 is none that anybody is at.
    if host.contains(['.', ':']) && !host.starts_with("0.") && is_address(host) {
        found.push((ObservableKind::Ip, host));
    } else if mail.contains('@') && is_email(mail) {
        found.push((ObservableKind::Email, mail));
        found.extend(mail.rsplit_once('@').map(|(_, domain)| (ObservableKind::Domain, domain)));
    } else if part.len() >= 40
        && let Some(kind) = hash(part)
    {
        found.push((kind, part));
    }
}

/// URLs in a token, each with its host.
fn urls<'a>(token: &'a str, found: &mut Vec<(ObservableKind, &'a str)>) {
    let mut rest = token;
    while let Some(at) = rest.find("://") {
        let scheme = rest[..at]
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |before| before + rest[before..].chars().next().map_or(1, char::len_utf8));
        let known = matches!(&*rest[scheme..at].to_ascii_lowercase(), "http" | "https" | "ftp" | "ftps" | "ws" | "wss");
        let body = &rest[at + 3..];
        let end = body.find(['"', '\'', '<', '>', ')', '}', '|', '`', '^', ';']).unwrap_or(body.len());
        if known && end > 0 {
            let url = &rest[scheme..at + 3 + end];
            found.push((ObservableKind::Url, url.trim_end_matches(['.', ',', ']'])));
            found.extend(host_of(&body[..end]));
        }
        rest = &body[end..];
    }
}

/// The host of what follows `://`.
fn host_of(body: &str) -> Option<(ObservableKind, &str)> {
    let authority = body.split(['/', '?', '#', '\\']).next().unwrap_or(body);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if let Some((inside, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return is_address(inside).then_some((ObservableKind::Ip, inside));
    }
    let host = host.split(':').next().unwrap_or(host);
    if is_address(host) {
        Some((ObservableKind::Ip, host))
    } else {
        is_domain(host).then_some((ObservableKind::Domain, host))
    }
}

/// Whether an argument is the absolute path of a file: with an extension, without wildcards.
fn is_file(token: &str) -> bool {
    let drive = token.as_bytes().get(1..3) == Some(b":\\") && token.as_bytes()[0].is_ascii_alphabetic();
    let absolute = drive || (token.starts_with("\\\\") && !is_pipe(token)) || token.starts_with('/');
    let name = file_name(token);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    absolute
        && (1..=5).contains(&extension.len())
        && extension.chars().all(|c| c.is_ascii_alphanumeric())
        && !token.contains(['*', '"', '<', '>', '|'])
}
