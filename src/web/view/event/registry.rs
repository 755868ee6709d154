//! The registry: hive, key and value, their types in words, data decoded where it is text.
use super::fields::Fields;
use super::value::{self, Kind, Row, Shown};
use super::{About, EventView, process};
use crate::domain::path::file_name;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Base64 of more than this is not decoded for display.
const DECODED: usize = 8 * 1024;

/// A key or value that was created, written or deleted.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = if about.kind == "AUTORUN_CHANGE" { "Autostart" } else { "Registry" };
    let key = event.look_text("REGISTRY_KEY").unwrap_or_default();
    key_facts(event, view);
    process::actor(event, true, about, view);
    let verb = match about.kind {
        "REGISTRY_WRITE" => "wrote",
        "REGISTRY_CREATE" => "created",
        "REGISTRY_DELETE" => "deleted",
        _ => "changed what starts by itself:",
    };
    if !key.is_empty() {
        view.said = process::who(view).words(verb).name(file_name(key)).words("in the registry");
    }
}

/// The key, its value and what they are.
pub fn key_facts(event: Fields<'_>, view: &mut EventView) {
    let mut rows = Vec::new();
    if let Some(key) = event.look_text("REGISTRY_KEY") {
        rows.extend(value::row(event, "REGISTRY_KEY", "Key", Kind::Path).map(|row| row.with(meaning(key))));
        let hive = hive(key);
        if !hive.is_empty() {
            rows.push(Row::new("Hive", Shown::text(hive)));
        }
    }
    let kind = event.number("TYPE");
    let data = event.look_text("REGISTRY_VALUE").unwrap_or_default();
    rows.extend(value::rows(
        event,
        &[
            ("NAME", "Value name", Kind::Text),
            ("VALUE_NAME", "Value name", Kind::Text),
            ("REGISTRY_VALUE", "Data", Kind::Text),
            ("VALUE", "Data", Kind::Text),
        ],
    ));
    if let Some(decoded) = decoded(data, kind) {
        rows.push(Row::new("Data decoded", Shown::text(&decoded).with("from base64")));
    }
    rows.extend(kind.map(|code| Row::new("Type", Shown::text(&type_words(code)))));
    rows.extend(value::rows(event, &[("SIZE", "Size", Kind::Size), ("TIMESTAMP", "Time", Kind::Time)]));
    view.facts("Registry", rows);
}

/// The hive by its usual name.
fn hive(key: &str) -> &'static str {
    let key = key.get(..24).unwrap_or(key).to_ascii_lowercase();
    let key = key.trim_start_matches('\\');
    let begins = |starts: &[&str]| starts.iter().any(|start| key.starts_with(start));
    if begins(&["registry\\machine", "hklm", "hkey_local_machine"]) {
        "HKEY_LOCAL_MACHINE, for the whole host"
    } else if begins(&["registry\\user", "hku\\", "hkey_users"]) {
        "HKEY_USERS, for one user"
    } else if begins(&["hkcu", "hkey_current_user"]) {
        "HKEY_CURRENT_USER, for the signed-in user"
    } else if begins(&["hkcr", "hkey_classes_root"]) {
        "HKEY_CLASSES_ROOT, what opens which file"
    } else if begins(&["registry\\a\\"]) {
        "A hive that one program loaded for itself"
    } else {
        ""
    }
}

/// What a well-known place in the registry does.
fn meaning(key: &str) -> &'static str {
    let key = key.get(..1_000).unwrap_or(key).to_ascii_lowercase();
    let known = [
        ("\\currentversion\\run", "starts programs at sign-in"),
        ("\\winlogon\\", "runs at sign-in"),
        ("\\image file execution options\\", "can start another program instead"),
        ("\\silentprocessexit\\", "starts a program when another ends"),
        ("\\currentcontrolset\\services\\", "a service or driver"),
        ("\\schedule\\taskcache\\", "a scheduled task"),
        ("\\windows defender\\exclusions", "what Defender does not look at"),
        ("\\policies\\microsoft\\windows defender", "Defender's policy"),
        ("\\control\\lsa", "how Windows checks who signs in"),
        ("\\appinit_dlls", "loads a module into programs"),
        ("\\inprocserver32", "the module of a COM class"),
    ];
    known.iter().find(|(part, _)| key.contains(part)).map_or("", |(_, words)| words)
}

/// A value's type in words.
fn type_words(code: i64) -> String {
    let name = match code {
        0 => "REG_NONE, no type",
        1 => "REG_SZ, text",
        2 => "REG_EXPAND_SZ, text with variables",
        3 => "REG_BINARY, bytes",
        4 => "REG_DWORD, a number",
        5 => "REG_DWORD_BIG_ENDIAN, a number",
        6 => "REG_LINK, a link",
        7 => "REG_MULTI_SZ, several texts",
        8 => "REG_RESOURCE_LIST, hardware",
        9 => "REG_FULL_RESOURCE_DESCRIPTOR, hardware",
        10 => "REG_RESOURCE_REQUIREMENTS_LIST, hardware",
        11 => "REG_QWORD, a number",
        _ => return format!("type {code}"),
    };
    format!("{name} ({code})")
}

/// The text or number inside base64. Short texts of a text type can look like base64 and are left alone.
fn decoded(data: &str, kind: Option<i64>) -> Option<String> {
    let is_text_type = matches!(kind, Some(1 | 2 | 7) | None);
    if data.len() > DECODED || data.len() < if is_text_type { 16 } else { 4 } {
        return None;
    }
    let bytes = STANDARD.decode(data).ok()?;
    match (kind, bytes.as_slice()) {
        (Some(4), [a, b, c, d]) => return Some(u32::from_le_bytes([*a, *b, *c, *d]).to_string()),
        (Some(11), bytes) if bytes.len() == 8 => {
            return bytes.try_into().ok().map(|bytes| u64::from_le_bytes(bytes).to_string());
        }
        _ => {}
    }
    let text = String::from_utf8(bytes.clone()).ok().or_else(|| wide(&bytes)).filter(|text| is_readable(text));
    text.or_else(|| wide(&bytes).filter(|text| is_readable(text)))
}

/// UTF-16 as Windows writes it.
fn wide(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok()
}

/// Whether a text is one: mostly ASCII that can be seen, apart from a closing NUL.
fn is_readable(text: &str) -> bool {
    let text = text.trim_end_matches('\0');
    text.len() >= 3 && text.chars().all(|c| c.is_ascii_graphic() || matches!(c, ' ' | '\t' | '\r' | '\n'))
}
