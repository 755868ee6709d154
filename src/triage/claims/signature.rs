//! Statements that a file is signed, or that it is not.
use super::Ctx;
use super::facts::{Judged, Subject, Thing, agree};
use super::stance::{self, Stance};
use super::subject;
use super::text::{Sentence, Words};
use crate::domain::claim::{ClaimKind, ClaimState};

/// Words that make a certificate one of a signature.
const SIGNING: Words = Words("valid invalid digital authenticode code signing cryptographic");
/// Words that make a signature one of a file.
const OF_FILES: Words =
    Words("valid invalid digital authenticode code signing cryptographic verified trusted broken good");
const HAVING: Words = Words("no without lacks lack lacking carries carry has have bears bear missing a any");
/// Whose signatures are no signatures of files.
const SCANNERS: Words =
    Words("yara sigma av antivirus ids ips snort suricata malware rule detection virus email edr behavior behaviour");
const BROKEN: Words = Words("invalid broken tampered");
const STATES: Words = Words("valid invalid verified verifies broken intact tampered");

/// Adds what the sentence says about signatures.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        if let Some((end, signed, subject)) = field(ctx.sentence, at) {
            let judged = judge(ctx, subject, signed);
            ctx.add(ClaimKind::Signature, (at, end), judged);
        } else if let Some((from, to, signed)) = phrase(ctx, at) {
            let subject = subject::described(ctx.sentence, at, ctx.facts, ctx.carried);
            let judged = if matches!(ctx.sentence.before(at, 1), "self" | "expired" | "revoked") {
                (ClaimState::Unsupported, "The event does not tell the state of a certificate.".to_owned())
            } else {
                judge(ctx, subject, signed)
            };
            ctx.add(ClaimKind::Signature, (from, to), judged);
        }
    }
}

/// `FILE_IS_SIGNED: 1`, `parent_signed=yes`.
fn field(sentence: &Sentence<'_>, at: usize) -> Option<(usize, bool, Subject)> {
    let word = sentence.word(at);
    if !word.ends_with("is_signed") && !word.ends_with("_signed") && word != "signed" {
        return None;
    }
    let verb = usize::from(matches!(sentence.word(at + 1), "is" | "was" | "of"));
    let signed = match sentence.word(at + 1 + verb) {
        "1" | "true" | "yes" => true,
        "0" | "false" => false,
        "no" if sentence.tokens[at].breaks || sentence.tokens[at].joined => false,
        _ => return None,
    };
    let both = (at + 2..at + 6).any(|place| sentence.word(place) == "both");
    let subject = match word {
        word if word.starts_with("parent") => Subject::Parent,
        _ if both => Subject::Both,
        _ => Subject::Process,
    };
    Some((at + 1 + verb, signed, subject))
}

/// First and last word of a statement, and whether it says that something is signed.
fn phrase(ctx: &Ctx<'_>, at: usize) -> Option<(usize, usize, bool)> {
    let sentence = ctx.sentence;
    let (end, polarity, asked) = match sentence.word(at) {
        "unsigned" => (at, false, at),
        "signed" if is_of_file(sentence, at) => (at, true, at),
        "signature" | "signatures" => signature(sentence, at)?,
        "certificate" | "cert" => certificate(sentence, at)?,
        _ => return None,
    };
    match (stance::of(sentence, asked), polarity) {
        (Stance::Nothing, _) => None,
        // Not signed by one may be signed by another.
        (Stance::Denies, true) if super::signer::named(sentence, at).is_some() => None,
        (Stance::Denies, _) => Some((negator(sentence, at.min(asked)), end, !polarity)),
        (Stance::Says, _) => Some((at, end, polarity)),
    }
}

/// `signed in` is about people.
fn is_of_file(sentence: &Sentence<'_>, at: usize) -> bool {
    let of_people =
        matches!(sentence.word(at + 1), "in" | "into" | "on" | "off" | "up" | "out" | "for" | "url" | "integer")
            && !sentence.tokens[at].breaks;
    !of_people && sentence.before(at, 1) != "pre"
}

/// The same for a certificate, of which a file may have others than for its signature.
fn certificate(sentence: &Sentence<'_>, at: usize) -> Option<(usize, bool, usize)> {
    let state = (at + 1..at + 7).find(|place| STATES.contains(&sentence.word(*place)) && !sentence.broken(at, *place));
    let signing = SIGNING.contains(&sentence.before(at, 1)).then_some((at, true, at));
    signing.or_else(|| state.map(|place| (place, !BROKEN.contains(&sentence.word(place)), place)))
}

/// The last word of a statement with `signature`, what it says, and the word whose denial counts.
fn signature(sentence: &Sentence<'_>, at: usize) -> Option<(usize, bool, usize)> {
    let near = |words: &Words| (1..=3).any(|by| words.contains(&sentence.before(at, by)));
    if near(&SCANNERS)
        || matches!(
            sentence.word(at + 1),
            "based" | "match" | "matched" | "matches" | "hit" | "database" | "information" | "data" | "details"
        )
    {
        return None;
    }
    let state = (at + 1..at + 7).find(|place| STATES.contains(&sentence.word(*place)));
    let state = state.filter(|place| !sentence.broken(at, *place));
    if let Some(place) = state {
        return Some((place, !BROKEN.contains(&sentence.word(place)), place));
    }
    let vendor = super::signer::named(sentence, at).is_some();
    if !near(&OF_FILES) && !near(&HAVING) && !vendor {
        return None;
    }
    Some((at, !near(&BROKEN), at))
}

/// The word that denies, as the start of the quote.
fn negator(sentence: &Sentence<'_>, at: usize) -> usize {
    let denies =
        |word: &str| matches!(word, "not" | "no" | "never" | "without" | "lacks" | "lacking") || word.ends_with("n't");
    (at.saturating_sub(4)..at).rev().find(|place| denies(sentence.word(*place))).unwrap_or(at)
}

fn judge(ctx: &Ctx<'_>, subject: Subject, signed: bool) -> Judged {
    let unknown = "The event says nothing about that file's signature.";
    ctx.facts.judge(subject, unknown, |thing| judge_one(thing, signed))
}

fn judge_one(thing: &Thing, signed: bool) -> Judged {
    match thing.signed {
        Some(is) => (
            agree(is == signed),
            format!("The event says {} {}.", thing.name, if is { "is signed" } else { "is not signed" }),
        ),
        None => (ClaimState::Unsupported, format!("The event does not say whether {} is signed.", thing.name)),
    }
}
