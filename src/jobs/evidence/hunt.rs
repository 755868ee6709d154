//! Where else in the organisation an observable was seen: LimaCharlie's own index, and a search of a closed form.
//!
//! A value becomes part of a query only where it holds nothing that the query's language reads.
use super::host::object;
use super::{count, placed};
use crate::domain::evidence::{EvidenceKind, EvidenceState, Line, Mark, Piece};
use crate::domain::{Detection, ObservableKind};
use crate::limacharlie::{Client, Error, Range, Sid};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rows of a search that are read.
const ROWS: usize = 2_000;
/// How long a search may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its type.
    pub kind: ObservableKind,
    /// Its value.
    pub value: &'a str,
    /// So many days back.
    pub days: u32,
}

/// A host on which it was seen.
#[derive(Debug, Default)]
struct Host {
    name: String,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

/// Looks for an observable; the detection's own host is the control.
///
/// # Errors
/// See [`Error`]; also `Bad` where the value is not what its type says.
pub async fn hunt(client: &Client, about: &Detection, wanted: Wanted<'_>, now_ms: i64) -> Result<Piece, Error> {
    let Some(kind) = object(wanted.kind, wanted.value) else {
        return Err(Error::Bad("this value can't be looked for".to_owned()));
    };
    let from_ms = now_ms - i64::from(wanted.days) * 86_400_000;
    let mut hosts: BTreeMap<Sid, Host> = BTreeMap::new();
    for place in client.locations(kind, wanted.value).await? {
        let last_ms = place.last_s.map(|s| s * 1000);
        if last_ms.is_none_or(|last| last >= from_ms) {
            add(&mut hosts, place.sid, &place.hostname, (place.first_s.map(|s| s * 1000), last_ms));
        }
    }
    let mut complete = true;
    if let Some((query, range)) = query(about, wanted).zip(Range::covering_ms(from_ms, now_ms)) {
        let found = client.search(&query, range, ROWS, PATIENCE).await?;
        complete = found.complete;
        for row in &found.rows {
            seen(&mut hosts, row.get());
        }
    }
    let mut piece = judged(about, wanted, &hosts, complete, now_ms);
    (piece.from_ms, piece.to_ms) = (Some(from_ms), Some(now_ms));
    Ok(placed(piece, client, about))
}

/// The closed forms. A backslash may mean something in a query, so what holds one is looked up in the index alone.
fn query(about: &Detection, wanted: Wanted<'_>) -> Option<String> {
    let plain = |c: char| c.is_ascii_graphic() && !"'\"|\\`".contains(c) || c == ' ';
    if !wanted.value.chars().all(plain) {
        return None;
    }
    let sensors = match about.plat.map(|plat| plat & 0xF000_0000) {
        Some(0x1000_0000) => "plat == windows",
        Some(0x2000_0000) => "plat == linux",
        Some(0x3000_0000) => "plat == macos",
        _ => "*",
    };
    let (events, field) = match wanted.kind {
        ObservableKind::Sha256 => ("NEW_PROCESS", "event/HASH"),
        ObservableKind::Domain => ("DNS_REQUEST", "event/DOMAIN_NAME"),
        ObservableKind::Ip => ("NETWORK_CONNECTIONS", "event/NETWORK_ACTIVITY/?/DESTINATION/IP_ADDRESS"),
        ObservableKind::Path => ("NEW_PROCESS", "event/FILE_PATH"),
        ObservableKind::User => ("NEW_PROCESS", "event/USER_NAME"),
        _ => return None,
    };
    Some(format!("-{}h | {sensors} | {events} | {field} is \"{}\"", wanted.days * 24, wanted.value))
}

/// A row of a search.
fn seen(hosts: &mut BTreeMap<Sid, Host>, raw: &str) {
    let row: Value = serde_json::from_str(raw).unwrap_or_default();
    let routing = &row["data"]["routing"];
    let Some(sid) = routing["sid"].as_str().and_then(|sid| sid.parse::<Sid>().ok()) else { return };
    let at = routing["event_time"].as_i64();
    add(hosts, sid, routing["hostname"].as_str().unwrap_or_default(), (at, at));
}

fn add(hosts: &mut BTreeMap<Sid, Host>, sid: Sid, name: &str, (first, last): (Option<i64>, Option<i64>)) {
    let host = hosts.entry(sid).or_default();
    if host.name.is_empty() {
        host.name = name.chars().take(255).collect::<String>().replace('\0', "\u{FFFD}");
    }
    host.first_ms = host.first_ms.into_iter().chain(first).min();
    host.last_ms = host.last_ms.into_iter().chain(last).max();
}

/// Where the detection's own host is missing although it should be there, "nowhere else" proves nothing.
fn judged(about: &Detection, wanted: Wanted<'_>, hosts: &BTreeMap<Sid, Host>, complete: bool, now_ms: i64) -> Piece {
    let others = hosts.keys().filter(|sid| sid.as_str() != about.sid).count();
    let control = others < hosts.len();
    let what = format!("in {} days, by {}", wanted.days, wanted.kind.label());
    let more = if complete { "" } else { "; the search found more than was read" };
    let (state, text) = match (others, control) {
        (1.., _) => (EvidenceState::Ok, format!("Seen on {}{more} ({what}).", count(others, "other host"))),
        (0, true) => (EvidenceState::Empty, format!("Seen on no other host{more} ({what}).")),
        (0, false) => {
            let text = format!("Not even the detection's own host was found ({what}), so that nothing is certain.");
            (EvidenceState::Inconclusive, text)
        }
    };
    let mut lines: Vec<Line> = hosts.iter().map(|(sid, host)| line(sid, host, &about.sid)).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.at_ms));
    let mut piece = Piece::new(EvidenceKind::Hunt, state, text, now_ms).with(lines, hosts.len());
    piece.facts.control = control;
    piece
}

fn line(sid: &Sid, host: &Host, own: &str) -> Line {
    let day = |ms: Option<i64>| {
        let at = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        at.map_or("an unknown day".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
    };
    let name = if host.name.is_empty() { sid.as_str() } else { &host.name };
    Line {
        at_ms: host.last_ms,
        event_type: "host".to_owned(),
        text: format!("{name}: first {}, last {}", day(host.first_ms), day(host.last_ms)),
        marks: if sid.as_str() == own { vec![Mark::Here] } else { Vec::new() },
        sid: sid.as_str().to_owned(),
        ..Line::default()
    }
}
