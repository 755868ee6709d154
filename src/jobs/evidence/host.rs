//! The sensor as it is now, and how common its file, domain and address are.
use crate::domain::evidence::{EvidenceKind, EvidenceState, Line, Piece, Seen, is_own_tag};
use crate::domain::{Detection, Observable, ObservableKind};
use crate::limacharlie::objects::ObjectKind;
use crate::limacharlie::{Client, Error, Sid};
use crate::triage::observables;
use serde_json::Value;

/// Tags that are kept.
const TAGS: usize = 100;

/// Tags, connection, isolation and enrolment.
pub(super) async fn now(client: &Client, sid: &Sid, now_ms: i64) -> Result<Piece, Error> {
    let Some(sensor) = client.sensor(sid).await? else {
        let text = "LimaCharlie does not know this sensor in this organisation.";
        return Ok(Piece::new(EvidenceKind::Tags, EvidenceState::Inconclusive, text, now_ms));
    };
    let mut tags: Vec<String> = client.tags(sid).await?.into_iter().map(|tag| plain(&tag.name)).collect();
    let all = tags.len();
    tags.retain(|tag| !is_own_tag(tag));
    tags.truncate(TAGS);
    let flag = |names: &[&str]| names.iter().find_map(|name| sensor.info.get(*name)).and_then(Value::as_bool);
    let isolated = flag(&["should_isolate"]).zip(flag(&["is_isolated", "isolated"]));
    let online = if sensor.online { "online" } else { "offline" };
    let cut_off = match isolated {
        Some((true, true)) => ", isolated",
        Some((true, false)) => ", to be isolated, not isolated yet",
        Some((false, true)) => ", isolated, to be let back",
        Some((false, false)) => ", not isolated",
        None => "",
    };
    let own = if all > tags.len() { format!(" and {} of our own", all - tags.len()) } else { String::new() };
    let text = format!("The sensor is {online}{cut_off}; {}{own}.", super::count(tags.len(), "tag"));
    let tag = |name: &String| Line { event_type: "tag".to_owned(), text: name.clone(), ..Line::default() };
    let lines: Vec<Line> = tags.iter().map(tag).collect();
    let mut piece = Piece::new(EvidenceKind::Tags, EvidenceState::Ok, text, now_ms).with(lines, tags.len());
    piece.facts.online = Some(sensor.online);
    piece.facts.isolated = isolated;
    piece.facts.enrolled = plain(sensor.info.get("enroll").and_then(Value::as_str).unwrap_or_default());
    piece.facts.tags = tags;
    Ok(piece)
}

fn plain(text: &str) -> String {
    text.chars().take(128).collect::<String>().replace('\0', "\u{FFFD}")
}

/// On how many hosts the file, the domain and the address of the event were seen.
pub(super) async fn prevalence(client: &Client, detection: &Detection, now_ms: i64) -> Result<Piece, Error> {
    let piece = |state, text: String| Piece::new(EvidenceKind::Prevalence, state, text, now_ms);
    let asked = chosen(detection);
    if asked.is_empty() {
        return Ok(piece(
            EvidenceState::Empty,
            "The event has no hash, domain or outer address to look up.".to_owned(),
        ));
    }
    let (mut lines, mut seen) = (Vec::new(), Vec::new());
    for (kind, object, value) in &asked {
        let found = client.sightings(*object, value).await?;
        let hosts = [found.last_1_days, found.last_7_days, found.last_30_days, found.last_365_days];
        let text = format!(
            "{value}: on {} hosts in 1 day, {} in 7, {} in 30, {} in 365",
            hosts[0], hosts[1], hosts[2], hosts[3]
        );
        lines.push(Line { event_type: kind.as_str().to_owned(), text, ..Line::default() });
        seen.push(Seen { kind: *kind, hosts });
    }
    let words = seen.iter().map(|one| format!("{} on {} hosts", one.kind.label(), one.hosts[2]));
    let text = format!("In 30 days: {}.", words.collect::<Vec<_>>().join(", "));
    let total = lines.len();
    let mut piece = piece(EvidenceState::Ok, text).with(lines, total);
    piece.facts.seen = seen;
    Ok(piece)
}

/// The process's hash, the first domain and the first outer address.
fn chosen(detection: &Detection) -> Vec<(ObservableKind, ObjectKind, String)> {
    let all = observables::of(detection);
    let hash = detection.process().map(|process| process.hash.to_lowercase()).unwrap_or_default();
    let usable = |one: &&Observable| object(one.kind, &one.value).is_some();
    let first = |kind: ObservableKind| {
        let mut of_kind = all.iter().filter(|one| one.kind == kind).filter(usable);
        let own = of_kind.clone().find(|one| one.value == hash);
        own.or_else(|| of_kind.next()).and_then(|one| Some((kind, object(kind, &one.value)?, one.value.clone())))
    };
    [ObservableKind::Sha256, ObservableKind::Domain, ObservableKind::Ip].into_iter().filter_map(first).collect()
}

/// How LimaCharlie calls an observable; nothing where it can't be asked about.
pub(super) fn object(kind: ObservableKind, value: &str) -> Option<ObjectKind> {
    let object = match kind {
        ObservableKind::Sha256 | ObservableKind::Sha1 | ObservableKind::Md5 => ObjectKind::FileHash,
        ObservableKind::Domain => ObjectKind::Domain,
        ObservableKind::Ip => ObjectKind::Ip,
        ObservableKind::Path => ObjectKind::FilePath,
        ObservableKind::File => ObjectKind::FileName,
        ObservableKind::User => ObjectKind::User,
        _ => return None,
    };
    Observable::searchable(kind, value).then_some(object)
}
