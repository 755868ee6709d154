//! Statements about the kind of folder in which a file lies.
use super::Ctx;
use super::facts::{Judged, Subject, Thing, agree};
use super::stance::{self, Stance};
use super::subject;
use super::text::{Sentence, Words};
use crate::domain::claim::{ClaimKind, ClaimState};

/// Words between a file and its folder.
const IN: &[&str] = &["in", "from", "under", "within", "inside", "at"];
/// What a file does in its folder.
const LYING: Words = Words(
    "runs running ran run executed executes executing execution launched started located resides residing \
    lives lies lying sits stored installed found placed is are was were spawned exists launches originating \
    originates comes live lie sit reside rest starts",
);
/// What is done to other files, whose folder is not the program's.
const HANDLING: Words = Words(
    "writes wrote drops dropped creates created extracts extracted extract copies copied saves saved opens \
    opened reads loads loaded downloads downloaded writing dropping extracting copying unpack unpacks \
    unpacked expands expanding deletes stores",
);
const FOLDER: &[&str] =
    &["folder", "folders", "directory", "directories", "path", "paths", "location", "locations", "dir"];
const STOPS: &[&str] =
    &["and", "but", "to", "by", "with", "on", "for", "is", "was", "or", "of", "where", "which", "that", "as", "when"];

/// What a path must hold, any of them; `^` stands for its start.
type Class = &'static [&'static str];
const SYSTEM: Class = &["\\windows\\system32\\", "\\windows\\syswow64\\", "/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"];
const TEMPORARY: Class = &["\\temp\\", "\\tmp\\", "/tmp/"];
const WRITABLE: Class =
    &["\\users\\", "\\temp\\", "\\programdata\\", "\\windows\\tasks\\", "\\perflogs\\", "/tmp/", "/home/", "/var/tmp/"];

/// Folders by one word.
const BY_WORD: &[(&str, Class)] = &[
    ("system32", &["\\system32\\"]),
    ("syswow64", &["\\syswow64\\"]),
    ("winsxs", &["\\winsxs\\"]),
    ("programdata", &[":\\programdata\\"]),
    ("appdata", &["\\appdata\\"]),
    ("%appdata%", &["\\appdata\\"]),
    ("%temp%", TEMPORARY),
    ("downloads", &["\\downloads\\", "/downloads/"]),
];
/// Folders by a word and one for a folder.
const BY_TWO: &[(&str, Class)] = &[
    ("temp", TEMPORARY),
    ("tmp", TEMPORARY),
    ("temporary", TEMPORARY),
    ("windows", &[":\\windows\\"]),
    ("system", SYSTEM),
    ("writable", WRITABLE),
    ("profile", &["\\users\\", "/home/"]),
    ("home", &["\\users\\", "/home/", "/root/"]),
    ("desktop", &["\\desktop\\"]),
    ("download", &["\\downloads\\", "/downloads/"]),
    ("public", &["\\users\\public\\"]),
];

/// Adds what the sentence says about folders.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        let out_of = ctx.sentence.word(at) == "of" && ctx.sentence.before(at, 1) == "out";
        if !IN.contains(&ctx.sentence.word(at)) && !out_of {
            continue;
        }
        let Some((end, folder)) = folder(ctx.sentence, at + 1) else { continue };
        let Some(subject) = location(ctx, at + 1) else { continue };
        let denied = match stance::of(ctx.sentence, at) {
            Stance::Nothing => continue,
            stance => stance == Stance::Denies,
        };
        let unknown = "The event does not say where that file is.";
        let judged = ctx.facts.judge(subject, unknown, |thing| judge(thing, &folder, denied));
        ctx.add(ClaimKind::Path, (at, end), judged);
    }
}

/// Whose folder is told, where a word stands in the place of a folder.
pub(super) fn location(ctx: &Ctx<'_>, at: usize) -> Option<Subject> {
    let sentence = ctx.sentence;
    let out_of = sentence.before(at, 1) == "of" && sentence.before(at, 2) == "out";
    let into = (1..=2).find(|by| IN.contains(&sentence.before(at, *by))).or(out_of.then_some(2))?;
    let into = at - into;
    let thought = stance::thought(sentence, into);
    if (thought..into).any(|place| HANDLING.contains(&sentence.word(place))) {
        return None;
    }
    let before = into.checked_sub(1)?;
    let before = if sentence.word(before).ends_with("ly") { before.checked_sub(1)? } else { before };
    let lying = LYING.contains(&sentence.word(before));
    if !lying && subject::mention(sentence, before, ctx.facts).is_none() {
        return None;
    }
    Some(ctx.subject(into)).filter(|subject| *subject != Subject::Other)
}

enum Folder {
    Class(&'static [&'static str]),
    /// A folder by its name, in small letters.
    Named(Vec<String>),
}

/// The folder that is told from a place on, and its last word.
fn folder(sentence: &Sentence<'_>, from: usize) -> Option<(usize, Folder)> {
    let mut names: Vec<String> = Vec::new();
    for at in from..sentence.tokens.len().min(from + 7) {
        let token = &sentence.tokens[at];
        let word = token.word.as_str();
        let next_is_folder = (at + 1..at + 3).any(|next| FOLDER.contains(&sentence.word(next)));
        if STOPS.contains(&word) || (at > from && sentence.tokens[at - 1].breaks) {
            return None;
        }
        if let Some((_, class)) = BY_WORD.iter().find(|(name, _)| *name == word) {
            return Some((at + usize::from(FOLDER.contains(&sentence.word(at + 1))), Folder::Class(class)));
        }
        if word == "program" && sentence.word(at + 1) == "files" {
            return Some((at + 1, Folder::Class(&[":\\program files"])));
        }
        let two = BY_TWO.iter().find(|(name, _)| *name == word && next_is_folder);
        if let Some((_, class)) = two {
            let end = (at + 1..at + 3).find(|next| FOLDER.contains(&sentence.word(*next))).unwrap_or(at);
            return Some((end, Folder::Class(class)));
        }
        if FOLDER.contains(&word) {
            return (!names.is_empty()).then_some((at, Folder::Named(names)));
        }
        if token.capital() && word.len() > 2 && !matches!(word, "the" | "windows" | "its") {
            names.push(word.to_owned());
        }
    }
    None
}

fn judge(thing: &Thing, folder: &Folder, denied: bool) -> Judged {
    let says = format!("The event says {}.", thing.path);
    let path = thing.path.as_str();
    match folder {
        _ if path.is_empty() => (ClaimState::Unsupported, "The event does not say where that file is.".to_owned()),
        Folder::Class(parts) => (agree(parts.iter().any(|part| path.contains(part)) != denied), says),
        Folder::Named(names) if names.iter().any(|name| path.contains(name)) => (agree(!denied), says),
        Folder::Named(_) => (ClaimState::Unsupported, says),
    }
}
