//! Paths, command lines and words without what differs from one run to the next.
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// A path in lower case with placeholders for drive, profile, version and GUID folders.
pub fn path(path: &str) -> String {
    let lower = path.to_lowercase().replace('/', "\\");
    let parts: Vec<_> = lower.split('\\').collect();
    let mut out = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let profile = at > 0 && parts[at - 1] == "users" && !matches!(*part, "public" | "default");
        out.push(match *part {
            drive if at == 0 && drive.len() == 2 && drive.ends_with(':') => "<drive>".to_owned(),
            _ if profile => "<user>".to_owned(),
            version if at + 1 < parts.len() && is_version(version) => "<version>".to_owned(),
            other => word(other),
        });
    }
    out.join("\\")
}

/// A command line, token by token; quotes are kept out of the comparison, switches are not.
pub fn command(line: &str) -> String {
    crate::domain::command::words(line).map(token).collect::<Vec<_>>().join(" ")
}

/// Any text of an event: a path, a command line, or words.
pub fn text(text: &str) -> String {
    if is_time(text) {
        "<time>".to_owned()
    } else if text.starts_with("S-1-") {
        sid(text).to_owned()
    } else if text.contains(['\\', ' ']) {
        command(text)
    } else {
        token(text)
    }
}

/// Well-known security identifiers tell themselves, those of accounts are instances.
fn sid(text: &str) -> &str {
    if text.starts_with("S-1-5-21-") { "<sid>" } else { text }
}

/// Whether a text is a point in time: RFC 3339 and its neighbours, or the form of mail headers.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let rfc3339 =
        digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7) && bytes.get(7) == Some(&b'-') && digits(8..10);
    let mail = bytes.get(3..5) == Some(b", ") && text.len() > 20 && text.contains(':');
    rfc3339 || mail
}

pub(super) fn token(text: &str) -> String {
    if text.contains('\\') && !text.starts_with('-') {
        return path(text);
    }
    if let Some(payload) = blob(text) {
        return payload;
    }
    match text.split_once(['=', ':']).filter(|(name, _)| name.starts_with(['-', '/'])) {
        Some((name, value)) => {
            let value = blob(value).unwrap_or_else(|| word(&value.to_lowercase()));
            format!("{}:{value}", name.to_lowercase())
        }
        None => word(&text.to_lowercase()),
    }
}

/// An encoded payload is behaviour: another payload, if only in upper and lower case, is another fingerprint.
fn blob(text: &str) -> Option<String> {
    let bare = text.trim_matches(|c| matches!(c, '{' | '}' | '(' | ')' | ',' | ';'));
    let encoded = bare.len() >= 40 && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    let plain = bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    (encoded && !plain).then(|| format!("<blob:{}>", &hex::encode(Sha256::digest(bare))[..16]))
}

/// One word: a typed placeholder where it is an instance, else itself with its runs of digits as `#`.
fn word(text: &str) -> String {
    let bare = text.trim_matches(|c| matches!(c, '{' | '}' | '(' | ')' | ',' | ';'));
    let stem = bare.split('.').next().unwrap_or(bare);
    let hexadecimal = |s: &str| s.bytes().all(|byte| byte.is_ascii_hexdigit());
    if guid_at(text).is_some() {
        return guids(text);
    }
    if let Some(kind) = address(bare) {
        return kind.to_owned();
    }
    match stem.len() {
        32 | 40 | 64 if hexadecimal(stem) => return "<hash>".to_owned(),
        // An encoded payload is behaviour: another payload is another fingerprint.
        40.. if bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)) => {
            return format!("<blob:{}>", &hex::encode(Sha256::digest(bare))[..16]);
        }
        8.. if hexadecimal(stem) && stem.bytes().any(|byte| byte.is_ascii_digit()) => {
            return text.replacen(stem, "<hex>", 1);
        }
        _ => {}
    }
    if (stem.starts_with("tmp") || stem.starts_with('~')) && stem.bytes().any(|byte| byte.is_ascii_digit()) {
        return text.replacen(stem, "<temp>", 1);
    }
    numbers(text)
}

/// Runs of digits as `#`, but not those within a name such as `rundll32`.
fn numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let mut in_name = false;
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            out.push_str(if in_name { &digits } else { "#" });
            digits.clear();
        }
        in_name = c.is_alphabetic();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// A word with its GUIDs as placeholders, wherever they stand in it.
fn guids(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = guid_at(rest) {
        out += &numbers(&rest[..at]);
        out += "<guid>";
        rest = &rest[at + GUID..];
    }
    out += &numbers(rest);
    out
}

/// The length of a GUID as text.
const GUID: usize = 36;

/// Where the first GUID of a text begins.
fn guid_at(text: &str) -> Option<usize> {
    let is_guid = |part: &[u8]| {
        part.iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
    };
    text.as_bytes().windows(GUID).position(is_guid)
}

fn is_version(text: &str) -> bool {
    text.contains('.')
        && text.split(['.', '_', '-']).all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Addresses on this machine, inside and outside are different behaviours.
fn address(text: &str) -> Option<&'static str> {
    let host = text
        .rsplit_once(':')
        .filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(text, |(host, _)| host);
    Some(match host.parse::<IpAddr>().ok()? {
        ip if ip.is_loopback() => "<ip:loopback>",
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => "<ip:private>",
        _ => "<ip:public>",
    })
}

/// The kind of user: SYSTEM, a service, an administrator by name, or a user.
pub fn user_class(user: &str) -> &'static str {
    let lower = user.to_lowercase();
    let name = lower.rsplit('\\').next().unwrap_or(&lower);
    match name {
        "" => "unknown",
        "system" | "root" => "system",
        "local service" | "network service" | "localservice" | "networkservice" => "service",
        _ if name.starts_with("svc") || name.ends_with('$') => "service",
        _ if name.starts_with("admin") || name.ends_with("admin") => "admin",
        _ => "user",
    }
}
