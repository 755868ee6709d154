//! Whom a statement is about: the process, its parent, both, or something that the event does not describe.
use super::facts::{Facts, Subject};
use super::text::{Sentence, Words};

/// Endings of file names.
const ENDINGS: &[&str] = &[
    ".exe", ".dll", ".cab", ".ps1", ".sys", ".msi", ".bat", ".cmd", ".vbs", ".js", ".scr", ".pfx", ".tmp", ".dat",
    ".lnk", ".hta", ".docx", ".doc", ".xlsx", ".zip", ".iso", ".jar", ".py", ".sh", ".so", ".dylib", ".inf", ".ocx",
    ".cpl", ".xlsm", ".docm", ".pdf", ".rar", ".7z", ".img", ".bin", ".txt", ".log", ".xml", ".json", ".com",
];
/// Files that are not the process's.
const OTHERS: Words =
    Words("cabinet cab archive dll document script driver library package attachment macro payload zip module");
/// What a process or its file is called.
const GENERIC: Words = Words(
    "process file binary binaries executable executables image program tool utility application installer \
    updater browser software component agent service",
);

/// Whether a word is the name of a file.
pub fn is_file(word: &str) -> bool {
    !word.contains(['\\', '/']) && ENDINGS.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending))
}

/// Whom a word names.
pub fn mention(sentence: &Sentence<'_>, at: usize, facts: &Facts<'_>) -> Option<Subject> {
    let token = sentence.tokens.get(at)?;
    let word = token.word.as_str();
    let name = word.rsplit('\\').next().unwrap_or(word);
    if facts.process.as_ref().is_some_and(|thing| thing.is_named(name)) {
        return Some(Subject::Process);
    }
    if facts.parent.as_ref().is_some_and(|thing| thing.is_named(name)) {
        return Some(Subject::Parent);
    }
    match word {
        "both" => Some(Subject::Both),
        "neither" => matches!(sentence.word(at + 1), "the" | "of" | "process" | "file").then_some(Subject::Both),
        "parent" | "parents" => Some(Subject::Parent),
        "child" | "subprocess" => Some(Subject::Process),
        _ if is_file(name) || OTHERS.contains(&word) => Some(Subject::Other),
        _ if GENERIC.contains(&word) => generic(sentence, at, facts),
        _ => None,
    }
}

/// `parent process` is the parent, `cabinet file` the cabinet; any other file or process is the event's.
fn generic(sentence: &Sentence<'_>, at: usize, facts: &Facts<'_>) -> Option<Subject> {
    let before = at.checked_sub(1).filter(|before| !GENERIC.contains(&sentence.word(*before)));
    before.and_then(|before| mention(sentence, before, facts)).or(Some(Subject::Process))
}

/// Whom the statement at a place is about; `carried` is whom the sentence before was about.
pub fn of(sentence: &Sentence<'_>, at: usize, facts: &Facts<'_>, carried: Subject) -> Subject {
    let before = (0..at).rev().find_map(|place| {
        let by = sentence.before(place, 1) == "by" || sentence.before(place, 2) == "by";
        mention(sentence, place, facts).filter(|_| !by).map(|subject| (place, subject))
    });
    let Some((place, subject)) = before else {
        return if matches!(sentence.word(0), "it" | "this" | "which" | "that") { carried } else { Subject::Process };
    };
    let linked = (place.saturating_sub(4)..place).any(|link| matches!(sentence.word(link), "and" | "nor" | "both"));
    let others = (0..place).filter_map(|other| mention(sentence, other, facts));
    let different = others.into_iter().any(|other| other != subject && other != Subject::Other);
    let plural = (place + 1..=at).any(|verb| matches!(sentence.word(verb), "are" | "were"));
    let all = (0..place).any(|other| matches!(sentence.word(other), "both" | "neither"));
    if linked && different && (plural || all) { Subject::Both } else { subject }
}

/// Whom an adjective describes: the noun that follows it, else as any other statement.
pub fn described(sentence: &Sentence<'_>, at: usize, facts: &Facts<'_>, carried: Subject) -> Subject {
    const STOPS: &[&str] = &["by", "and", "or", "is", "was", "which", "from", "in", "with", "to", "but", "on", "as"];
    if matches!(sentence.before(at, 1), "is" | "are" | "was" | "were" | "be") && sentence.tokens[at].breaks {
        return of(sentence, at, facts, carried);
    }
    for place in at + 1..sentence.tokens.len().min(at + 5) {
        if sentence.tokens[place - 1].breaks || STOPS.contains(&sentence.word(place)) {
            break;
        }
        match mention(sentence, place, facts) {
            Some(Subject::Process) if GENERIC.contains(&sentence.word(place)) => break,
            Some(subject) => return subject,
            None => {}
        }
    }
    of(sentence, at, facts, carried)
}
