//! Secrets in texts: what follows a name of a secret, and what has the shape of one.
use super::{identity, shapes};

/// Ends of names whose value is a secret, without dashes and underscores.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "sharedaccesskey",
    "sharedkey",
    "credential",
    "credentials",
    "privatekey",
    "storepass",
    "keypass",
    "authkey",
    "clientsecret",
    "sharedaccesssignature",
    "secretkey",
    "connectionstring",
    "bearer",
    "passw",
    "sessionkey",
    "kennwort",
];
/// Whole names whose value is a secret.
const SHORT: &[&str] = &["p", "pass", "pw", "rp", "sig", "pat", "jwt", "auth", "hashes"];
/// Programs that take a secret without a blank after `-p`.
const ATTACHED: &[&str] =
    &["mysql", "mysqldump", "mysqladmin", "mariadb", "sshpass", "7z", "7za", "rar", "winrar", "psql"];
/// What ends a value without quotes.
const ENDS: &[char] = &[' ', '\t', '\n', '\r', ';', '&', '"', '\'', '<', '>', '|', '`'];

/// Whether a field's name says that its value is a secret.
pub(super) fn is_secret_field(key: &str) -> bool {
    is_name(&key.to_ascii_lowercase())
}

/// The secrets of a text.
pub(super) fn find(text: &str) -> Vec<String> {
    let mut found = shapes::find(text);
    named(text, &mut found);
    positional(text, &mut found);
    addresses(text, &mut found);
    found.retain(|secret| is_plausible(secret));
    found
}

/// Not a variable, a place-holder or an option.
fn is_plausible(secret: &str) -> bool {
    let variable =
        secret.starts_with('%') && secret.ends_with('%') || secret.starts_with("${") || secret.starts_with("$(");
    secret.len() > 1 && !variable && secret != "*" && secret != "***" && secret.chars().any(char::is_alphanumeric)
}

fn is_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    NAMES.iter().any(|end| plain.ends_with(end)) || SHORT.contains(&plain.as_str())
}

/// `--password x`, `/p:x`, `AccountKey=x`, `"token": "x"`, and what looks random after a name that ends with `key`.
fn named(text: &str, found: &mut Vec<String>) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-' || c == '.';
    let mut at = 0;
    while let Some(start) = text[at..].find(is_part).map(|start| at + start) {
        let end = text[start..].find(|c: char| !is_part(c)).map_or(text.len(), |len| start + len);
        at = end;
        let word = text[start..end].to_ascii_lowercase();
        let last = word.rsplit('.').next().unwrap_or_default();
        let option = word.starts_with('-') || text[..start].ends_with('/');
        let key = last.ends_with("key");
        if !is_name(last) && !key {
            continue;
        }
        let short = SHORT.contains(&last.trim_matches('-'));
        let Some(value) = value(&text[end..], option, short) else { continue };
        let random = value.len() >= 16 && !value.contains('\\') && shapes::entropy(value) >= 3.0;
        let path = short && (value.starts_with('/') || value.get(1..3) == Some(":\\"));
        if (is_name(last) || random) && !path {
            found.push(value.to_owned());
        }
    }
}

/// The value after a name: after a sign, or after a blank where the name is an option.
fn value(rest: &str, option: bool, short: bool) -> Option<&str> {
    let rest = rest.strip_prefix('\\').filter(|rest| rest.starts_with('"')).unwrap_or(rest);
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let trimmed = rest.trim_start();
    let signed = trimmed.strip_prefix([':', '=']).filter(|_| option || !short || trimmed.len() == rest.len());
    let after = match signed {
        Some(after) => after.trim_start_matches([' ', '\t', ':', '=']),
        None if option && trimmed.len() < rest.len() && !trimmed.starts_with(['-', '/']) => trimmed,
        _ => return None,
    };
    let after = ["bearer ", "basic ", "token "]
        .iter()
        .find(|word| after.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
        .map_or(after, |word| &after[word.len()..]);
    let escaped = after.strip_prefix('\\').filter(|rest| rest.starts_with('"')).unwrap_or(after);
    if let Some(quote) = escaped.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &escaped[1..];
        return Some(inner.split(quote).next().unwrap_or(inner).trim_end_matches('\\'));
    }
    Some(after.split(ENDS).next().unwrap_or(after))
}

/// `net user NAME SECRET`, `net use X: \\server\share SECRET`, `-pSECRET`, `-u NAME:SECRET`
fn positional(text: &str, found: &mut Vec<String>) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let attached = words.iter().any(|word| {
        let name = word.trim_matches(['"', '\'']).rsplit(['\\', '/']).next().unwrap_or_default().to_ascii_lowercase();
        ATTACHED.contains(&name.trim_end_matches(".exe"))
    });
    for (at, word) in words.iter().enumerate() {
        let clean = |word: &str| word.trim_matches(['"', '\'', ';', ',']).to_owned();
        let before = |by: usize| at.checked_sub(by).map(|at| words[at].to_ascii_lowercase()).unwrap_or_default();
        let free = !word.starts_with(['/', '-', '\\', '*']);
        let after_share = words[at.saturating_sub(1)].trim_matches('"').starts_with("\\\\") && at > 0;
        let using = (1..=4).any(|by| before(by) == "use");
        if free && (at >= 3 && identity::is_net_user(&words, at - 1) || after_share && using) {
            found.push(clean(word));
        }
        if attached && word.len() > 3 && word.starts_with("-p") && !word.starts_with("--") {
            found.push(clean(&word[2..]));
        }
        if matches!(before(1).as_str(), "-u" | "--user" | "--proxy-user") {
            found.extend(word.split_once(':').map(|(_, secret)| clean(secret)));
        }
        if matches!(before(1).as_str(), "bearer" | "basic") && word.len() > 7 {
            found.push(clean(word));
        }
    }
}

/// `https://name:secret@host/`
fn addresses(text: &str, found: &mut Vec<String>) {
    for (at, _) in text.match_indices("://") {
        let rest = &text[at + 3..];
        let end = rest.find(|c: char| c.is_whitespace() || "/\"'<>".contains(c)).unwrap_or(rest.len());
        let Some((login, _)) = rest[..end].rsplit_once('@') else { continue };
        found.extend(login.split_once(':').map(|(_, secret)| secret.to_owned()));
    }
}
