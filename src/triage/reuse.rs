//! Reuse of votes: what must be equal so that votes on one event may stand for another, and who is asked all the same.
//!
//! A fingerprint tells a behaviour, but not all that a voter is shown. So the evidence adds the whole
//! event with its instances as placeholders, the addresses, names and files that could be an attacker's
//! as they are, the rule's words, and what code found out. Left out is only what tells how often and
//! where the behaviour was seen. An event is never reused, and never lends its votes, where a
//! text tries to steer, where analysts found the behaviour malicious before, or where a part was cut.
use super::{fingerprint, injection, policy, prompt};
use crate::domain::dossier::{Dossier, Precedents, Prevalence};
use crate::domain::{Detection, ObservableKind, observable};
use ring::hmac;
use sha2::{Digest, Sha256};

/// What is equal for equal evidence before an equal panel, in hex; nothing where each event is to be asked about.
///
/// `panel` tells who votes and how it is counted, `tags` are the patterns of alarming sensor tags.
pub fn evidence(dossier: &Dossier, panel: &str, tags: &[String]) -> Option<String> {
    let detection = &dossier.detection;
    if dossier.precedents.true_positive > 0 || !injection::scan(detection).is_empty() {
        return None;
    }
    let mut lines = vec![
        format!("panel={panel}"),
        format!("prompt={}", prompt::VERSION),
        prompt::rule(detection, None),
        prompt::facts(&without_place(dossier), false),
        format!("intel={:?}", dossier.intel),
        format!("tags={:?}", policy::alarming_tags(&detection.tags, tags)),
        fingerprint::canonical(detection),
    ];
    lines.extend(dossier.local.as_ref().map(prompt::decisions));
    lines.extend(gathered(dossier));
    lines.extend(fingerprint::fields(detection)?);
    lines.extend(telling(dossier));
    Some(hex::encode(Sha256::digest(lines.join("\n"))))
}

/// What was gathered about the event: votes rest on it as much as on the event itself, so another
/// host's votes stand for this one only where everything around it reads the same.
fn gathered(dossier: &Dossier) -> impl Iterator<Item = String> + '_ {
    dossier.evidence.iter().map(|piece| {
        let lines: Vec<_> = piece.lines.iter().map(|line| (&line.event_type, &line.text, &line.user)).collect();
        format!("{}={} {} {lines:?} {:?}", piece.kind, piece.state, piece.total, piece.facts.tags)
    })
}

/// The dossier without where and how often the behaviour was seen; of decisions only which there were.
fn without_place(dossier: &Dossier) -> Dossier {
    let seen = dossier.precedents;
    Dossier {
        prevalence: Prevalence::default(),
        precedents: Precedents {
            false_positive: seen.false_positive.min(1),
            benign_true_positive: seen.benign_true_positive.min(1),
            true_positive: seen.true_positive.min(1),
            programs: 0,
        },
        ..dossier.clone()
    }
}

/// Values that a placeholder must not stand for: addresses and names outside, and files that nobody signed.
fn telling(dossier: &Dossier) -> Vec<String> {
    let unsigned = !all_signed(&dossier.detection);
    let tells = |kind: ObservableKind, value: &str| match kind {
        ObservableKind::Ip => value.parse().is_ok_and(|ip| observable::place(ip) == "public"),
        ObservableKind::Domain | ObservableKind::Url | ObservableKind::Email => true,
        ObservableKind::Sha256 | ObservableKind::Sha1 | ObservableKind::Md5 => unsigned,
        _ => false,
    };
    let chosen = dossier.observables.iter().filter(|one| tells(one.kind, &one.value));
    let mut lines: Vec<String> = chosen.map(|one| format!("{}={}={}", one.role, one.kind, one.value)).collect();
    lines.sort();
    lines
}

fn all_signed(detection: &Detection) -> bool {
    let signed = |process: Option<crate::domain::detection::Process>| process.is_none_or(|it| it.signed == Some(true));
    detection.process().is_some() && signed(detection.process()) && signed(detection.parent())
}

/// Whether a case is drawn with this share: always the same for one key, and not to be told without it.
pub fn drawn(key: &[u8], case: i64, share: f64) -> bool {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("reuse:{case}").as_bytes());
    let head: [u8; 4] = tag.as_ref().first_chunk().copied().unwrap_or_default();
    f64::from(u32::from_be_bytes(head)) < share * 4_294_967_296.0
}
