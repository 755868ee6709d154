//! E-mail: who wrote to whom, what the receiving server found out about the sender, and what came along.
use super::fields::Fields;
use super::value::{self, Kind, Row, Shown, Spec};
use super::{About, EventView, Said};
use serde_json::Value;

/// Parts and attachments of one message that have a place of their own.
const MOST: usize = 20;
/// What is read of the receiving server's findings.
const FINDINGS: usize = 8 * 1024;

const ENVELOPE: &[Spec] = &[
    ("headers/subject", "Subject", Kind::Text),
    ("headers/from", "From", Kind::Mail),
    ("headers/sender", "Sent by", Kind::Mail),
    ("headers/reply-to", "Answers go to", Kind::Mail),
    ("headers/return-path", "Bounces go to", Kind::Mail),
    ("headers/to", "To", Kind::Mail),
    ("headers/cc", "Copy to", Kind::Mail),
    ("headers/bcc", "Blind copy to", Kind::Mail),
    ("headers/delivered-to", "Delivered to", Kind::Mail),
    ("headers/date", "Date", Kind::Text),
    ("headers/message-id", "Message", Kind::Mail),
    ("headers/x-originating-ip", "Written at", Kind::Ip),
    ("headers/content-type", "Type", Kind::Text),
];

const PART: &[Spec] = &[
    ("headers/content-type", "Type", Kind::Text),
    ("headers/content-disposition", "Disposition", Kind::Text),
    ("content_type", "Type", Kind::Text),
    ("filename", "File", Kind::Path),
    ("file_name", "File", Kind::Path),
    ("name", "File", Kind::Path),
    ("size", "Size", Kind::Size),
    ("hashes/sha256", "SHA-256", Kind::Hash),
    ("hashes/sha1", "SHA-1", Kind::Hash),
    ("hashes/md5", "MD5", Kind::Hash),
    ("sha256", "SHA-256", Kind::Hash),
    ("md5", "MD5", Kind::Hash),
    ("body_text", "Text", Kind::Text),
];

/// A message.
pub fn panel(event: Fields<'_>, _: &About<'_>, view: &mut EventView) {
    view.heading = "E-mail";
    let from = first(event, "headers/from").map(address).unwrap_or_default();
    let mut rows = value::rows(event, ENVELOPE);
    for row in &mut rows {
        let other = row.values.first().map(|value| address(&value.copy)).filter(|other| domain(other) != domain(from));
        if matches!(row.label.as_str(), "Answers go to" | "Bounces go to") && other.is_some() {
            row.values.iter_mut().for_each(|value| value.remark("not the domain of the sender"));
        }
    }
    view.facts("Message", rows);
    view.facts("What the receiving server found", findings(event));
    for (list, name) in [("parts", "Part"), ("attachments", "Attachment")] {
        for (at, part) in event.list(list).iter().enumerate().take(MOST) {
            view.facts(&format!("{name} {}", at + 1), value::rows(event.within(part), PART));
        }
    }
    let subject = first(event, "headers/subject").unwrap_or_default();
    if !from.is_empty() {
        let from = crate::web::view::text::defang(crate::domain::ObservableKind::Domain, from);
        view.said =
            Said::default().name(&from).words("wrote").name(if subject.is_empty() { "no subject" } else { subject });
    }
}

/// The first value of a header, which may stand alone or in a list.
fn first<'a>(event: Fields<'a>, path: &str) -> Option<&'a str> {
    let value = event.look(path)?;
    value.as_str().or_else(|| value.as_array()?.first().and_then(Value::as_str))
}

/// The address inside `Name <address>`.
fn address(text: &str) -> &str {
    let inner = text.rsplit_once('<').map_or(text, |(_, address)| address);
    inner.split('>').next().unwrap_or_default().trim()
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// What SPF, DKIM and DMARC say. Only the topmost header is the receiving server's; a sender can add others below.
fn findings(event: Fields<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(header) = first(event, "headers/authentication-results") {
        let head = &header[..header.floor_char_boundary(FINDINGS)];
        let server = head.split(';').next().unwrap_or_default().trim();
        for (method, name) in [("spf", "SPF"), ("dkim", "DKIM"), ("dmarc", "DMARC")] {
            let verdict = verdict(head, method);
            let words = verdict.map_or("not told", verdict_words);
            let shown = Shown::text(verdict.unwrap_or("none")).with(words);
            rows.push(Row::new(name, shown));
        }
        rows.push(Row::new("Found by", value::of_text(Kind::Domain, server)));
        rows.push(Row::new("In its words", Shown::text(header)));
        if let Some(value) = event.look("headers/authentication-results") {
            event.tell(value.as_array().and_then(|items| items.first()).unwrap_or(value));
        }
    }
    rows.extend(value::row(event, "headers/received-spf", "SPF in words", Kind::Text));
    rows
}

/// The result of a method in `server; spf=pass …; dkim=fail …`.
fn verdict<'a>(header: &'a str, method: &str) -> Option<&'a str> {
    header.split(';').find_map(|piece| {
        let rest = piece.trim_start().strip_prefix(method)?.strip_prefix('=')?;
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        Some(&rest[..end])
    })
}

fn verdict_words(verdict: &str) -> &'static str {
    match verdict {
        "pass" => "the check passed",
        "fail" | "hardfail" => "the check failed",
        "softfail" => "probably not allowed to send for that domain",
        "none" => "the domain publishes nothing to check",
        "neutral" => "the domain says neither yes nor no",
        "temperror" | "permerror" => "it could not be checked",
        _ => "",
    }
}
