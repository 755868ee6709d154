//! What a field's name says about its value. Names are LimaCharlie's, those of Windows' event
//! logs and Sysmon, and the usual ones of mail and cloud adapters; case and `_` don't matter.
use super::scan;
use crate::domain::ObservableKind::{self, CommandLine, Domain, Email, Ip, Path, Pipe, RegistryKey, Url, User};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// All of it is one observable.
    Is(ObservableKind),
    /// It lists hashes, such as `SHA1=…,MD5=…`.
    Hashes,
    /// A text that may hold some.
    Text,
    /// Of no interest.
    Nothing,
}

/// Fields by kind; names in lower case without `_`.
const NAMES: &[(ObservableKind, &[&str])] = &[
    (CommandLine, &["commandline", "parentcommandline", "processcommandline", "scriptblocktext", "imagepath"]),
    (
        Path,
        &[
            "filepath",
            "originalfilepath",
            "targetfilepath",
            "image",
            "parentimage",
            "sourceimage",
            "targetimage",
            "imageloaded",
            "targetfilename",
            "processname",
            "newprocessname",
            "parentprocessname",
            "callerprocessname",
            "filename",
            "servicefilename",
            "dll",
            "executable",
            "script",
        ],
    ),
    (Domain, &["domainname", "cname", "queryname", "destinationhostname", "sourcehostname", "dnsname"]),
    (Ip, &["ipaddress", "sourceip", "destinationip", "clientip", "sourceipaddress", "remoteip", "callerip", "ipaddr"]),
    (RegistryKey, &["registrykey", "targetobject", "objectname"]),
    (Pipe, &["pipename"]),
    (Url, &["url", "uri", "requesturl"]),
    (
        User,
        &[
            "username",
            "user",
            "targetusername",
            "subjectusername",
            "accountname",
            "userid",
            "userprincipalname",
            "samaccountname",
            "sourceuser",
            "targetuser",
        ],
    ),
    (Email, &["email", "sender", "recipient", "deliveredto", "returnpath", "fromaddress", "toaddress"]),
];

/// The type of a value, by the field's name first and by its form second.
pub(super) fn meaning(field: &str, value: &str) -> Meaning {
    if value.is_empty() || value == "-" {
        return Meaning::Nothing;
    }
    let name = field.to_lowercase().replace(['_', '-', ' '], "");
    if name == "hashes" {
        return Meaning::Hashes;
    }
    // Atoms look like MD5, so a bare 32-digit value counts only under a hash's name.
    if name.starts_with("hash") || name.ends_with("hash") || matches!(&*name, "md5" | "sha1" | "sha256" | "imphash") {
        return if name == "imphash" { Meaning::Nothing } else { scan::hash(value).map_or(Meaning::Text, Meaning::Is) };
    }
    let known = NAMES.iter().find(|(_, names)| names.contains(&&*name)).map(|(kind, _)| *kind);
    match known.filter(|kind| fits(*kind, value)) {
        Some(kind) => Meaning::Is(kind),
        None => form(value),
    }
}

/// Whether a value can be what its field's name promises.
fn fits(kind: ObservableKind, value: &str) -> bool {
    match kind {
        Path => !scan::is_pipe(value) && !scan::is_registry_key(value) && value.contains(['\\', '/']),
        Ip => scan::is_address(value),
        Url => value.contains("://"),
        Domain => scan::is_domain(value),
        RegistryKey => value.contains('\\'),
        Email => scan::is_email(value),
        User => value.len() <= 256 && !value.contains("://") && !scan::is_email(value),
        CommandLine => !value.starts_with('\\'),
        _ => true,
    }
}

/// The type of a whole value by its form alone.
fn form(value: &str) -> Meaning {
    if scan::is_pipe(value) {
        Meaning::Is(Pipe)
    } else if scan::is_registry_key(value) {
        Meaning::Is(RegistryKey)
    } else if value.len() >= 40
        && let Some(kind) = scan::hash(value)
    {
        Meaning::Is(kind)
    } else if scan::is_address(value) {
        Meaning::Is(Ip)
    } else {
        Meaning::Text
    }
}
