//! Hashes that are written out, and what a hash is said to be known for.
use super::Ctx;
use super::facts::{Facts, Judged, Subject};
use super::stance::{self, Stance};
use super::text::{Sentence, Words};
use crate::domain::claim::{ClaimKind, ClaimState};
use crate::domain::{ObservableKind, known_good};

const GOOD: Words =
    Words("matches match whitelisted allowlisted legitimate official trusted good benign verified genuine");

/// Adds what the sentence says about hashes.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        let word = ctx.sentence.word(at);
        let written = literal(word);
        let known = matches!(word, "hash" | "hashes" | "sha256" | "sha").then(|| good(ctx.sentence, at)).flatten();
        if written.is_none() && known.is_none() || stance::of(ctx.sentence, at) != Stance::Says {
            continue;
        }
        if let Some((head, tail)) = written {
            let judged = judge(ctx.facts, ctx.subject(at), head, tail);
            ctx.add(ClaimKind::Hash, (at, at), judged);
        } else if let Some((from, to)) = known {
            let judged = judge_known(ctx);
            ctx.add(ClaimKind::Hash, (from, to), judged);
        }
    }
}

/// A hash, or the start and end of one.
fn literal(word: &str) -> Option<(&str, &str)> {
    let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let (head, tail) = word.split_once("...").or_else(|| word.split_once('\u{2026}')).unwrap_or((word, ""));
    let whole = tail.is_empty() && hex(head) && matches!(head.len(), 32 | 40 | 64);
    let short = head.len() >= 4 && tail.len() >= 4 && hex(head) && hex(tail);
    (whole || short).then_some((head, tail))
}

/// `the hash matches the known-good version`
fn good(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize)> {
    let window = at + 1..sentence.tokens.len().min(at + 7);
    let spoiled = window.clone().any(|place| {
        matches!(sentence.word(place), "malicious" | "bad" | "malware" | "reputation" | "virustotal" | "vt")
    });
    if spoiled {
        return None;
    }
    let after = window.filter(|place| !sentence.broken(at, *place)).find(|place| GOOD.contains(&sentence.word(*place)));
    let before = GOOD.contains(&sentence.before(at, 1)) && sentence.before(at, 2) == "known";
    after.map(|to| (at, to)).or_else(|| before.then(|| (at - 2, at)))
}

fn judge(facts: &Facts<'_>, subject: Subject, head: &str, tail: &str) -> Judged {
    let there = if tail.is_empty() { facts.holds(head) } else { facts.holds_ends(head, tail) };
    if there {
        return (ClaimState::Supported, "The event holds this hash.".to_owned());
    }
    // The event tells SHA-256; another kind of hash can't be compared with it.
    let comparable = head.len() == 64 || !tail.is_empty();
    let known = facts.things(subject).into_iter().find(|thing| thing.hash.len() == 64 && comparable);
    match known {
        Some(thing) => (ClaimState::Contradicted, format!("The event says {} for {}.", thing.hash, thing.name)),
        None => (ClaimState::Unsupported, "The event does not hold this hash.".to_owned()),
    }
}

fn judge_known(ctx: &Ctx<'_>) -> Judged {
    let known = |hash: &str| known_good::why(ObservableKind::Sha256, hash).is_some();
    let things = ctx.facts.things(Subject::Process);
    if things.iter().any(|thing| known(&thing.hash)) {
        return (ClaimState::Supported, "The hash is on our list of known values.".to_owned());
    }
    (ClaimState::Unsupported, "Nothing here knows this hash as good.".to_owned())
}
