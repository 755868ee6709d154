//! Observables: the typed values in an event that can be looked up and matched.
use super::words::words;
use serde::Serialize;

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
        /// An IPv4 or IPv6 address.
        Ip = "ip", "IP address";
        /// A domain name.
        Domain = "domain", "Domain";
        /// A URL.
        Url = "url", "URL";
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
    /// Its value; hashes, addresses, domains and hosts in lower case.
    pub value: String,
    /// Where in the event it was, such as `PARENT/HASH`.
    pub role: String,
}
