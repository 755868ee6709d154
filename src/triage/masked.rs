//! The event without the words that somebody else may have written: of each text only what it is
//! like, so that a second look can't be talked into anything.
//!
//! Numbers, switches, addresses and hashes stay as they are: nothing can be said with them.
use super::fingerprint::user_class;
use super::prompt::path_class;
use super::render::entropy;
use crate::domain::Detection;
use crate::domain::path::file_name;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// Names of fields that say what they hold; any other name is masked too.
const NAMES: &str = "ACCESS_FLAGS ACTION ATOM BASE_ADDRESS CERT_ISSUER CERT_SUBJECT CNAME COMMAND_LINE CREATION_TIME \
    DESTINATION DLL DNS_FLAGS DNS_TYPE DOMAIN_NAME ERROR EVENT EVENTS EXECUTABLE FILE_IS_SIGNED \
    FILE_PATH HASH HASH_MD5 HASH_SHA1 IP_ADDRESS IS_OUTGOING MEMORY_USAGE MESSAGE_ID MODULE_NAME \
    NETWORK_ACTIVITY PARENT PARENT_ATOM PARENT_PROCESS_ID PIPE_NAME PORT PROCESS PROCESS_ID PROTOCOL \
    REGISTRY_KEY REGISTRY_VALUE RULE_NAME SIGNATURE SIZE SOURCE STATE SVC_NAME SVC_TYPE TARGET THIS_ATOM \
    THREADS TIMESTAMP TYPE URL USER_NAME";
/// Programs of the system that attackers borrow; their names are told where they lie in a system folder.
const BORROWED: &str = "at.exe bash bitsadmin.exe certutil.exe cmd.exe cmstp.exe cscript.exe curl curl.exe esentutl.exe \
    expand.exe forfiles.exe installutil.exe msbuild.exe mshta.exe msiexec.exe net.exe netsh.exe \
    nltest.exe ntdsutil.exe odbcconf.exe powershell.exe python3 reg.exe regasm.exe regsvcs.exe \
    regsvr32.exe rundll32.exe sc.exe schtasks.exe sh svchost.exe vssadmin.exe wevtutil.exe whoami.exe \
    wmic.exe wscript.exe";

/// The detection with every text of its event masked.
pub fn detection(detection: &Detection) -> Detection {
    let named = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let known = detection.event_type.len() <= 32 && detection.event_type.chars().all(named);
    Detection {
        event: value("", &detection.event),
        event_type: if known { detection.event_type.clone() } else { "OTHER".to_owned() },
        hostname: like(&detection.hostname),
        ..detection.clone()
    }
}

fn value(name: &str, whole: &Value) -> Value {
    match whole {
        Value::Object(map) => Value::Object(object(map)),
        Value::Array(items) => items.iter().map(|item| value(name, item)).collect(),
        Value::String(text) => Value::String(masked(name, text)),
        other => other.clone(),
    }
}

fn object(map: &Map<String, Value>) -> Map<String, Value> {
    let known = |key: &str| NAMES.split(' ').any(|name| name == key);
    let named = map.iter().enumerate().map(|(at, (key, inner))| {
        let shown = if known(key) { key.clone() } else { format!("FIELD_{}", at + 1) };
        (shown, value(key, inner))
    });
    named.collect()
}

fn masked(name: &str, text: &str) -> String {
    let is_hash = matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.is_empty() || is_hash || text.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    match name {
        "USER_NAME" => format!("[a user of the kind {}; {}]", user_class(text), like(text)),
        "COMMAND_LINE" => command(text),
        _ if text.contains(['\\', '/']) => path(text),
        _ => format!("[{}]", like(text)),
    }
}

fn path(text: &str) -> String {
    let class = path_class(text);
    let name = file_name(text).to_lowercase();
    let borrowed = BORROWED.split(' ').find(|known| class == "system" && *known == name);
    let program = borrowed.map(|name| format!("; the system's program {name}")).unwrap_or_default();
    format!("[a path of the class {class}{program}; {}]", like(text))
}

fn command(text: &str) -> String {
    let lower = text.to_lowercase();
    let address = if lower.contains("http://") || lower.contains("https://") { "; holds an address" } else { "" };
    let encoded = |part: &str| {
        part.len() >= 40 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    };
    let hidden = if text.split_whitespace().any(encoded) { "; holds an encoded argument" } else { "" };
    let arguments = text.split_whitespace().count().saturating_sub(1);
    format!("[a command line with {arguments} arguments{address}{hidden}; {}]", like(text))
}

/// Length, entropy and kinds of characters.
fn like(text: &str) -> String {
    let count = |kind: fn(char) -> bool| text.chars().filter(|c| kind(*c)).count();
    format!(
        "{} characters: {} letters, {} digits, {} blanks, {} outside ASCII; entropy {:.1}",
        text.chars().count(),
        count(|c| c.is_ascii_alphabetic()),
        count(|c| c.is_ascii_digit()),
        count(char::is_whitespace),
        count(|c| !c.is_ascii()),
        entropy(text)
    )
}
