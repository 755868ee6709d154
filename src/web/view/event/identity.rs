//! What a file is: hashes, signature, and which rule of a scan it met.
use super::fields::Fields;
use super::value::{self, Kind, Row, Shown, Spec};
use super::{About, EventView, Said, process};
use crate::domain::path::file_name;

const HASHES: &[Spec] =
    &[("HASH", "SHA-256", Kind::Hash), ("HASH_SHA1", "SHA-1", Kind::Hash), ("HASH_MD5", "MD5", Kind::Hash)];

/// Code that ran for the first time.
pub fn panel(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "Code identity";
    let path = event.look_text("FILE_PATH").unwrap_or_default();
    let name = file_name(path);
    let original = event.look_text("ORIGINAL_FILE_NAME").unwrap_or_default();
    let other = !original.is_empty() && !path.is_empty() && !original.eq_ignore_ascii_case(name);
    let mut rows = value::rows(event, &[("FILE_PATH", "File", Kind::Path)]);
    let original = value::row(event, "ORIGINAL_FILE_NAME", "Original name", Kind::Text);
    rows.extend(original.map(|row| row.with(if other { "not the name it has now" } else { "" })));
    rows.extend(value::rows(event, HASHES));
    rows.extend(signed(event));
    rows.extend(value::rows(
        event,
        &[
            ("FILE_INFO", "Version", Kind::Text),
            ("FILE_SIZE", "Size", Kind::Size),
            ("MEMORY_SIZE", "Size in memory", Kind::Size),
            ("TIMESTAMP", "Time", Kind::Time),
            ("ERROR", "Error", Kind::Text),
        ],
    ));
    view.facts("File", rows);
    let is_signed = event.flag("SIGNATURE/FILE_IS_SIGNED").or_else(|| event.flag("FILE_IS_SIGNED"));
    signature(event, view);
    if event.has("PARENT") || event.has("PROCESS") || event.look("PROCESS_ID").is_some() {
        process::actor(event, false, about, view);
    }
    if !path.is_empty() {
        let words = match is_signed {
            Some(true) => "is signed and was seen on this host",
            Some(false) => "is not signed and was seen on this host",
            None => "was seen on this host",
        };
        view.said = Said::default().name(name).words(words);
    }
}

/// Whether the file is signed, as a fact.
pub fn signed(event: Fields<'_>) -> Option<Row> {
    let signed = event.flag("FILE_IS_SIGNED")?;
    Some(Row::new("Signed", Shown::text(if signed { "yes" } else { "no" })))
}

/// The signature of an event's file: who signed it, who vouches for that, and whether the sensor could verify it.
pub fn signature(event: Fields<'_>, view: &mut EventView) {
    let fields = event.at("SIGNATURE");
    let mut rows: Vec<Row> = signed(fields).into_iter().collect();
    let verified = fields.flag("FILE_CERT_IS_VERIFIED_LOCAL");
    rows.extend(verified.map(|verified| {
        Row::new("Verified", Shown::text(if verified { "yes, by the sensor" } else { "no, the sensor could not" }))
    }));
    rows.extend(value::rows(
        fields,
        &[
            ("CERT_SUBJECT", "Subject", Kind::Text),
            ("CERT_ISSUER", "Issuer", Kind::Text),
            ("CERT_CHAIN_STATUS", "Chain status", Kind::Text),
        ],
    ));
    if rows.is_empty() {
        return;
    }
    // The signature repeats the file, which is worth a line only where it is another one.
    let file = value::row(fields, "FILE_PATH", "Signed file", Kind::Path);
    rows.extend(file.filter(|_| fields.look("FILE_PATH") != event.look("FILE_PATH")));
    view.facts("Signature", rows);
}

/// A file or a process's memory that meets a YARA rule.
pub fn yara(event: Fields<'_>, about: &About<'_>, view: &mut EventView) {
    view.heading = "YARA detection";
    let rule = event.look_text("RULE_NAME").unwrap_or_default();
    let path = event.look_text("FILE_PATH").unwrap_or_default();
    let in_memory = event.has("PROCESS") || (path.is_empty() && event.look("PROCESS_ID").is_some());
    let mut rows = value::rows(event, &[("RULE_NAME", "Rule", Kind::Text)]);
    rows.push(Row::new("Found in", Shown::text(if in_memory { "the memory of a process" } else { "a file" })));
    rows.extend(value::rows(event, &[("FILE_PATH", "File", Kind::Path)]));
    rows.extend(value::rows(event, HASHES));
    rows.extend(value::rows(event, &[("TIMESTAMP", "Time", Kind::Time)]));
    view.facts("Match", rows);
    if in_memory || event.has("PARENT") || event.look("PROCESS_ID").is_some() {
        process::actor(event, false, about, view);
    }
    if rule.is_empty() {
        return;
    }
    view.said = if in_memory {
        process::who(view).words("holds in its memory what meets the rule").name(rule)
    } else {
        Said::default().name(file_name(path)).words("meets the rule").name(rule)
    };
}
