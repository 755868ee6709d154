//! Statements about what started a process.
use super::Ctx;
use super::facts::{Facts, Judged, Subject, agree};
use super::stance::{self, Stance};
use super::subject::{is_file, mention};
use super::text::{Sentence, Words};
use crate::domain::claim::{ClaimKind, ClaimState};

const STARTED: &[&str] =
    &["launched", "started", "spawned", "executed", "invoked", "created", "initiated", "run", "called", "triggered"];
const STARTS: Words = Words(
    "launched launches launching started starts starting spawned spawns spawning executed executes executing \
    invoked invokes invoking ran runs running created creates",
);
/// Programs that are named without an ending, in small letters.
const BARE: Words = Words(
    "bash sh zsh dash cmd powershell pwsh explorer services svchost cron crond systemd init python python3 \
    perl winword excel outlook wmiprvse launchd sshd sudo java nginx apache taskeng mshta wscript cscript \
    rundll32 msiexec node",
);
/// What is written like a program's name and is none, or too common to tell one.
const COMMON: Words = Words(
    "windows system the a an its it and local network service agent nt administrator microsoft update this \
    process user i scheduled task root pid id ppid",
);

/// Adds what the sentence says about parents.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        let told = passive(ctx, at).or_else(|| active(ctx, at)).map(|told| (at, told));
        let told = told.or_else(|| named(ctx.sentence, at).map(|told| (told.1, told)));
        let Some((said, (from, to, name))) = told else { continue };
        let denied = match stance::of(ctx.sentence, said) {
            Stance::Nothing => continue,
            stance => stance == Stance::Denies,
        };
        let judged = judge(ctx.facts, &name, denied);
        ctx.add(ClaimKind::Parent, (from, to), judged);
    }
}

/// A program as it is named.
enum Name {
    /// By its file, or by its bare name.
    File(String),
    /// By words with capitals.
    Product(Vec<String>),
    /// Whatever it is, it is to have started the parent, of which the event tells nothing.
    OfParent,
}

/// `launched by X`, `child of X`
fn passive(ctx: &Ctx<'_>, at: usize) -> Option<(usize, usize, Name)> {
    let sentence = ctx.sentence;
    let link = match sentence.word(at) {
        word if STARTED.contains(&word) => by(sentence, at)?,
        "child" | "subprocess" => (at + 1..at + 3).find(|place| sentence.word(*place) == "of")?,
        _ => return None,
    };
    let (to, name) = name(sentence, link + 1)?;
    match ctx.subject(at) {
        Subject::Process => Some((at, to, name)),
        Subject::Parent => Some((at, to, Name::OfParent)),
        Subject::Both | Subject::Other => None,
    }
}

/// The place of `by` in `started from the desktop by`, or of `from` before a file.
fn by(sentence: &Sentence<'_>, at: usize) -> Option<usize> {
    let near = (at + 1..at + 6).take_while(|place| !matches!(sentence.word(*place), "and" | "to" | "which" | "that"));
    let by = near.clone().find(|place| sentence.word(*place) == "by" && !sentence.broken(at, *place));
    let from = near
        .clone()
        .find(|place| matches!(sentence.word(*place), "from" | "via" | "through") && is_file(sentence.word(place + 1)));
    from.or(by)
}

/// `parent process X`, `the parent is X`
fn named(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, Name)> {
    if sentence.word(at) != "parent" {
        return None;
    }
    if let Some(told) = is_the_parent(sentence, at) {
        return Some(told);
    }
    let skipped = [
        "process",
        "is",
        "was",
        "the",
        "program",
        "executable",
        "binary",
        "image",
        "name",
        "being",
        "not",
        "application",
        "software",
        "agent",
        "",
    ];
    let mut next = at + 1;
    while next < at + 5 && next < sentence.tokens.len() && skipped.contains(&sentence.word(next)) {
        next += 1;
    }
    let token = sentence.tokens.get(next)?;
    let bare = BARE.contains(&token.word.as_str()) && (next > at + 1 || sentence.tokens[at].breaks);
    if let Some(file) = file(&token.word).or_else(|| bare.then(|| token.word.clone())) {
        return Some((at, next, Name::File(file)));
    }
    let apart = next > at + 1 || sentence.tokens[at].breaks;
    let (to, name) = name(sentence, next).filter(|_| apart && token.capital())?;
    Some((at, to, name))
}

/// `X is (not) the parent`: the quote ends at the word whose denial counts.
fn is_the_parent(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, Name)> {
    let is = (1..=3).find(|by| matches!(sentence.before(at, *by), "is" | "was"))?;
    let from = at.checked_sub(is + 1)?;
    let file = file(sentence.word(from))?;
    (!sentence.broken(from, at)).then_some((from, at, Name::File(file)))
}

/// `X spawned expand.exe`
fn active(ctx: &Ctx<'_>, at: usize) -> Option<(usize, usize, Name)> {
    let sentence = ctx.sentence;
    if !STARTS.contains(&sentence.word(at)) || sentence.word(at + 1) == "by" || sentence.broken(at, at + 1) {
        return None;
    }
    let from = (1..=3).filter_map(|by| at.checked_sub(by)).find(|place| {
        file(sentence.word(*place)).is_some()
            || mention(sentence, *place, ctx.facts) == Some(Subject::Parent) && sentence.word(*place) != "parent"
    })?;
    if matches!(sentence.before(at, 1), "was" | "is" | "were" | "be" | "been") || sentence.broken(from, at) {
        return None;
    }
    let own =
        |place: &usize| ctx.facts.process.as_ref().is_some_and(|thing| thing.is_named(last(sentence.word(*place))));
    let to = (at + 1..sentence.tokens.len().min(at + 4)).find(own)?;
    Some((from, to, Name::File(last(sentence.word(from)).to_owned())))
}

fn last(word: &str) -> &str {
    word.rsplit(['\\', '/']).next().unwrap_or(word)
}

/// The file's name in a word or a path.
fn file(word: &str) -> Option<String> {
    let name = last(word);
    let is_path = word.starts_with('/') || super::text::is_drive(word);
    (is_file(name) || is_path && !name.is_empty()).then(|| name.to_owned())
}

/// The program that is named from a place on, and its last word.
fn name(sentence: &Sentence<'_>, from: usize) -> Option<(usize, Name)> {
    let skipped = ["the", "a", "an", "its", "parent", "process", "signed", "legitimate", "trusted", "program", "of"];
    let mut at = from;
    while at < from + 4 && skipped.contains(&sentence.word(at)) {
        at += 1;
    }
    let mut words = Vec::new();
    let mut end = at;
    for place in at..sentence.tokens.len().min(at + 6) {
        let token = &sentence.tokens[place];
        if let Some(file) = file(&token.word) {
            return Some((place, Name::File(file)));
        }
        if place == at && BARE.contains(&token.word.as_str()) && token.raw == token.word {
            return Some((place, Name::File(token.word.clone())));
        }
        if !token.capital() || token.raw.contains(['\\', '/']) {
            break;
        }
        end = place;
        words.push(token.word.clone());
        if token.breaks && !sentence.word(place + 1).contains('.') {
            break;
        }
    }
    words.retain(|word| word.len() > 2 && !COMMON.contains(&word.as_str()));
    (!words.is_empty()).then_some((end, Name::Product(words)))
}

fn judge(facts: &Facts<'_>, name: &Name, denied: bool) -> Judged {
    let Some(parent) = &facts.parent else {
        return (ClaimState::Unsupported, "The event does not name the parent.".to_owned());
    };
    let says = format!("The event says the parent is {}.", parent.name);
    match name {
        Name::File(file) => (agree(parent.is_named(file) != denied), says),
        Name::OfParent => (ClaimState::Unsupported, "The event does not say what started the parent.".to_owned()),
        Name::Product(words) => {
            let path = parent.path.replace([' ', '-', '_'], "");
            let same = words.iter().any(|word| path.contains(word.as_str()));
            if same { (agree(!denied), says) } else { (ClaimState::Unsupported, says) }
        }
    }
}
