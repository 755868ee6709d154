//! Statements about who signed a file, whoever that is: a name is what is written like one.
use super::Ctx;
use super::facts::{Judged, Subject, Thing, agree};
use super::stance::{self, Stance};
use super::subject::{self, is_file};
use super::text::{Sentence, Words};
use crate::domain::claim::{ClaimKind, ClaimState};

/// What is written like a name and is none of a signer.
const NO_NAMES: Words = Words(
    "windows win32 win64 pe dll exe cab os linux macos system yara sigma av file both two three known \
    legitimate valid trusted all any each this that a an the its it is are was not non other some self code \
    standard official genuine signed unsigned binary parent child process no however although while \
    virustotal edr hash sha sha256 which and but if since as because certificate signature publisher signer \
    digital authenticode powershell malware fully dlls x64 x86 i being also there neither only likely of has \
    have",
);
/// After `signed by`: nobody in particular.
const NOBODY: Words = Words(
    "a an the its their some someone somebody anyone anybody trusted known unknown valid legitimate vendor \
    publisher default whom which it us them different another one any no this that untrusted third reputable",
);
/// What can be signed.
const NOUNS: Words = Words(
    "binary binaries executable executables utility utilities tool tools component components application \
    applications program programs file files process processes software driver drivers installer module \
    library code agent service image package product app updater parent child system dll interpreter browser \
    client",
);
/// What a company's name ends with.
const FORMS: Words = Words(
    "inc llc ltd corp corporation gmbh ag limited company co foundation ab sa technologies systems software \
    publisher windows group plc bv communications video",
);

/// Adds what the sentence says about signers.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        let Some((from, to, name)) = named(ctx.sentence, at) else { continue };
        let stance = stance::of(ctx.sentence, at);
        if stance == Stance::Nothing {
            continue;
        }
        let subject = subject::described(ctx.sentence, at, ctx.facts, ctx.carried);
        let judged = judge(ctx, subject, &name, stance == Stance::Denies);
        ctx.add(ClaimKind::Signer, (from, to), judged);
    }
}

/// The signer that is named at a word about signing: first and last word, and the name in small letters.
pub(super) fn named(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, String)> {
    match sentence.word(at) {
        "signed" => signed_by(sentence, at).or_else(|| owned(sentence, at)).or_else(|| described(sentence, at)),
        "signature" | "signatures" | "certificate" | "cert" => from(sentence, at).or_else(|| owned(sentence, at)),
        "signer" | "publisher" => is(sentence, at),
        "published" => signed_by(sentence, at),
        _ => None,
    }
}

/// `signed (…) by Dell Inc.`
fn signed_by(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, String)> {
    let by = (at + 1..at + 5).find(|place| sentence.word(*place) == "by")?;
    if sentence.broken(at, by) {
        return None;
    }
    let start = by + 1 + usize::from(sentence.word(by + 1) == "the");
    let (to, name) = name(sentence, start).or_else(|| small_name(sentence, by + 1))?;
    Some((at, to, name))
}

/// `signed by microsoft`
fn small_name(sentence: &Sentence<'_>, at: usize) -> Option<(usize, String)> {
    let word = sentence.word(at);
    let plain = word.len() > 2 && word.chars().all(char::is_alphanumeric);
    (plain && !NOBODY.contains(&word) && !is_file(word)).then(|| (at, word.to_owned()))
}

/// `signature from Zoom`, `certificate issued to Dell Technologies`, `signature of Microsoft`.
fn from(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, String)> {
    let links = (at + 1..at + 4).take_while(|place| {
        matches!(
            sentence.word(*place),
            "from" | "of" | "by" | "to" | "issued" | "is" | "was" | "belongs" | "chain" | "the" | "subject" | "names"
        )
    });
    let last = links.last()?;
    let linked = matches!(sentence.word(last), "from" | "of" | "by" | "to" | "the" | "names")
        || sentence.word(last) == "is" && sentence.before(last, 1) == "subject";
    if sentence.broken(at, last) || !linked {
        return None;
    }
    let (to, name) = name(sentence, last + 1)?;
    Some((at, to, name))
}

/// `Microsoft-signed`, `Microsoft signed executable`, `Adobe has signed this file`, `a Google signature`.
fn owned(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, String)> {
    let before = at.checked_sub(1)?;
    let object = matches!(sentence.word(at + 1), "this" | "the" | "it" | "that" | "both");
    if object && matches!(sentence.word(before), "has" | "have" | "had") {
        let last = before.checked_sub(1).filter(|last| is_name(sentence, *last))?;
        return Some((last, at, joined(sentence, last, last)));
    }
    // `Microsoft's digital signature`
    let skipped =
        usize::from(matches!(sentence.word(before), "digital" | "valid" | "code" | "signing" | "authenticode"));
    let last = before.checked_sub(skipped)?;
    let tied = sentence.tokens[last].joined
        || sentence.word(at) != "signed"
        || NOUNS.contains(&sentence.word(at + 1))
        || object
        || is_file(sentence.word(at + 1));
    if !tied || sentence.tokens[last].breaks {
        return None;
    }
    let mut first = last;
    while first > 0 && !sentence.tokens[first - 1].breaks && is_name(sentence, first - 1) && is_name(sentence, last) {
        first -= 1;
    }
    if !is_name(sentence, last) || sentence.word(last).ends_with("ly") {
        return None;
    }
    Some((first, at, joined(sentence, first, last)))
}

/// `signed Microsoft system binary`
fn described(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, String)> {
    if sentence.tokens[at].breaks {
        return None;
    }
    let extra = usize::from(sentence.word(at + 1) == "and") * 2;
    let (to, name) = name(sentence, at + 1 + extra)?;
    let noun = (to + 1..to + 4).find(|place| NOUNS.contains(&sentence.word(*place)))?;
    let last = (noun..noun + 3).take_while(|place| NOUNS.contains(&sentence.word(*place))).last()?;
    (!sentence.broken(to, noun)).then_some((at, last, name))
}

/// `the publisher is Google`, `signer: Dell`
fn is(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, String)> {
    let verb = usize::from(matches!(sentence.word(at + 1), "is" | "was" | "name"));
    let (to, name) = name(sentence, at + 1 + verb)?;
    Some((at, to, name))
}

fn is_name(sentence: &Sentence<'_>, at: usize) -> bool {
    sentence.tokens.get(at).is_some_and(|token| {
        let plain = token.raw.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '&' | '\'' | '\u{2019}'));
        token.capital() && plain && !NO_NAMES.contains(&token.word.as_str()) && !is_file(&token.word)
    })
}

/// The name that begins at a place: up to four words with capitals.
fn name(sentence: &Sentence<'_>, at: usize) -> Option<(usize, String)> {
    let mut last = None;
    for place in at..at + 4 {
        let form = last.is_some() && FORMS.contains(&sentence.word(place)) && sentence.tokens[place].capital();
        if !is_name(sentence, place) && !form {
            break;
        }
        last = Some(place);
        if sentence.tokens[place].breaks {
            break;
        }
    }
    last.map(|last| (last, joined(sentence, at, last)))
}

fn joined(sentence: &Sentence<'_>, from: usize, to: usize) -> String {
    (from..=to).map(|place| sentence.word(place)).collect::<Vec<_>>().join(" ")
}

fn judge(ctx: &Ctx<'_>, subject: Subject, name: &str, denied: bool) -> Judged {
    let unknown = "The event says nothing about that file's signature.";
    ctx.facts.judge(subject, unknown, |thing| judge_one(thing, name, denied))
}

fn judge_one(thing: &Thing, name: &str, denied: bool) -> Judged {
    if thing.signed == Some(false) {
        return (agree(denied), format!("The event says {} is not signed.", thing.name));
    }
    if thing.signer.is_empty() {
        let says = match thing.signed {
            Some(_) => "The event says signed, and does not name the signer.",
            None => "The event says nothing about a signature.",
        };
        return (ClaimState::Unsupported, says.to_owned());
    }
    let distinct = name.split_whitespace().filter(|word| !FORMS.contains(word));
    let words: Vec<&str> = distinct.collect();
    let same = !words.is_empty() && words.iter().all(|word| thing.signer.contains(word));
    (agree(same != denied), format!("The event names the signer: {}.", thing.signer))
}
