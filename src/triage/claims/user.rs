//! Statements about the account as which something runs.
use super::Ctx;
use super::facts::{Judged, Subject, Thing, agree};
use super::stance::{self, Stance};
use super::text::{Sentence, Words, is_drive};
use crate::domain::claim::{ClaimKind, ClaimState};

const RUNNING: Words = Words(
    "runs running ran run executed executing executes launched started operating operates logged created \
    spawned invoked performed initiated opened triggered done issued",
);
const RIGHTS: &[&str] = &["privileges", "privilege", "rights", "permissions"];
const NO_NAMES: Words = Words(
    "account accounts user users is was who has and the a in on with context profile privileges name activity \
    action interaction input folder directory of session behavior behaviour for to that writable data or did \
    may opened logged signed mode level request initiated executed from by could would should clicked ran \
    started launched agent agents space appdata workstation facing not",
);

/// Adds what the sentence says about users.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        let Some((from, to, who)) = account(ctx, at) else { continue };
        let denied = match stance::of(ctx.sentence, at) {
            Stance::Nothing => continue,
            stance => stance == Stance::Denies,
        };
        let subject = match ctx.subject(at) {
            Subject::Other => Subject::Process,
            subject => subject,
        };
        let unknown = "The event does not name a user.";
        let judged = ctx.facts.judge(subject, unknown, |thing| judge(ctx, thing, &who, denied));
        ctx.add(ClaimKind::User, (from, to), judged);
    }
}

enum Who {
    /// An account, in small letters.
    Account(String),
    /// Somebody with an administrator's rights.
    Administrator,
    /// Somebody without them.
    Ordinary,
}

/// The account that is told at a place: first and last word.
fn account(ctx: &Ctx<'_>, at: usize) -> Option<(usize, usize, Who)> {
    let sentence = ctx.sentence;
    let token = &sentence.tokens[at];
    let word = token.word.as_str();
    if is_account(token.raw) {
        return Some((at, at, Who::Account(word.to_owned())));
    }
    if matches!(word, "administrator" | "administrators" | "admin" | "elevated" | "administrative") {
        return administrator(sentence, at).map(|end| (at, end, Who::Administrator));
    }
    let start = match word {
        "as" | "by" | "under" => at + 1,
        "with" => return rights(sentence, at),
        "user" | "account" => return ordinary(sentence, at).or_else(|| named(sentence, at)),
        _ => return None,
    };
    let ran = word != "as" || (1..=3).any(|by| RUNNING.contains(&sentence.before(at, by)));
    if !ran {
        return None;
    }
    let skip =
        (start..start + 3).take_while(|at| matches!(sentence.word(*at), "the" | "a" | "local" | "user" | "account"));
    let start = start + skip.filter(|at| builtin(sentence, *at).is_none_or(|(_, name)| name == "local")).count();
    if let Some((end, name)) = builtin(sentence, start) {
        return Some((at, end, Who::Account(name)));
    }
    if let Some(name) = before_noun(sentence, start) {
        return Some((at, start + 1, Who::Account(name)));
    }
    let own = ctx.facts.user.rsplit('\\').next().unwrap_or_default();
    let known = !own.is_empty() && sentence.word(start) == own;
    known.then(|| (at, start, Who::Account(own.to_owned())))
}

/// `ACME\ana`: one backslash, no drive, no file.
fn is_account(raw: &str) -> bool {
    let parts: Vec<&str> = raw.split('\\').collect();
    let [domain, name] = parts.as_slice() else { return false };
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || " -_.$".contains(c));
    let hive = matches!(domain.to_ascii_lowercase().as_str(), "hklm" | "hkcu" | "hkcr" | "hku");
    plain(domain) && plain(name) && !is_drive(raw) && !hive && !super::subject::is_file(&name.to_lowercase())
}

/// An account of the machine that begins at a place.
fn builtin(sentence: &Sentence<'_>, at: usize) -> Option<(usize, String)> {
    let token = sentence.tokens.get(at)?;
    let account = matches!(sentence.word(at + 1), "account" | "user" | "privileges" | "context" | "level");
    match token.word.as_str() {
        "system" if token.raw == "SYSTEM" || account => Some((at, "system".to_owned())),
        "localsystem" | "root" => Some((at, token.word.replace("localsystem", "system"))),
        name @ ("local" | "network") if sentence.word(at + 1) == "service" => Some((at + 1, format!("{name} service"))),
        "local" if sentence.word(at + 1) == "system" => Some((at + 1, "system".to_owned())),
        _ => None,
    }
}

/// `with root privileges`
fn rights(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, Who)> {
    let (end, name) = builtin(sentence, at + 1)?;
    RIGHTS.contains(&sentence.word(end + 1)).then(|| (at, end + 1, Who::Account(name)))
}

/// `as the nobody user`
fn before_noun(sentence: &Sentence<'_>, at: usize) -> Option<String> {
    const KINDS: Words = Words(
        "current local same logged standard normal regular interactive another different privileged admin \
        domain service system the a an this that limited ordinary legitimate authorized authorised any end \
        some its their his her administrator unknown compromised remote real human typical single built guest \
        new network",
    );
    let token = sentence.tokens.get(at)?;
    let plain = token.word.chars().all(|c| c.is_alphanumeric() || "._$".contains(c));
    let noun = matches!(sentence.word(at + 1), "user" | "account");
    (noun && plain && !token.breaks && !KINDS.contains(&token.word.as_str())).then(|| token.word.clone())
}

/// `as an unprivileged user`
fn ordinary(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, Who)> {
    let kind =
        matches!(sentence.before(at, 1), "standard" | "unprivileged" | "ordinary" | "regular" | "normal" | "limited");
    let acts = RUNNING.contains(&sentence.word(at + 1)) || matches!(sentence.before(at, 3), "as" | "by");
    (kind && acts).then(|| (at - 1, at, Who::Ordinary))
}

/// `user mallory`, `the account www-data`
fn named(sentence: &Sentence<'_>, at: usize) -> Option<(usize, usize, Who)> {
    let token = sentence.tokens.get(at + 1)?;
    let plain = token.raw.chars().all(|c| c.is_alphanumeric() || "._$@".contains(c));
    if sentence.tokens[at].breaks || sentence.tokens[at].joined || !plain || NO_NAMES.contains(&token.word.as_str()) {
        return None;
    }
    let mut end = at + 1;
    while sentence.tokens[end].joined {
        end += 1;
    }
    // A name stands at the end of a clause, or before a verb; `user application data` is no name.
    let verb = matches!(
        sentence.word(end + 1),
        "ran"
            | "is"
            | "was"
            | "has"
            | "opened"
            | "executed"
            | "started"
            | "launched"
            | "and"
            | "on"
            | "via"
            | "who"
            | ""
    );
    if !verb && !sentence.tokens[end].breaks {
        return None;
    }
    let name = (at + 1..=end).map(|at| sentence.word(at)).collect::<Vec<_>>().join("-");
    Some((at, end, Who::Account(name)))
}

/// The last word of a statement that an administrator does it.
fn administrator(sentence: &Sentence<'_>, at: usize) -> Option<usize> {
    if RIGHTS.contains(&sentence.word(at + 1)) {
        let has = (1..=2).any(|by| matches!(sentence.before(at, by), "with" | "has" | "under" | "holds" | "having"));
        return has.then_some(at + 1);
    }
    if matches!(sentence.word(at), "elevated" | "administrative") {
        return None;
    }
    let acts = RUNNING.contains(&sentence.word(at + 1));
    let told = (1..=3).any(|by| matches!(sentence.before(at, by), "by" | "as" | "is" | "was"));
    (acts || told).then_some(at)
}

fn judge(ctx: &Ctx<'_>, thing: &Thing, who: &Who, denied: bool) -> Judged {
    let own = if thing.user.is_empty() { &ctx.facts.user } else { &thing.user };
    if own.is_empty() {
        return (ClaimState::Unsupported, "The event does not name a user.".to_owned());
    }
    let last = |name: &str| name.rsplit('\\').next().unwrap_or_default().to_owned();
    let says = format!("The event says {own}.");
    let same = match who {
        Who::Account(name) => last(name) == last(own) && (!name.contains('\\') || !own.contains('\\') || name == own),
        Who::Ordinary if matches!(last(own).as_str(), "system" | "root" | "localsystem") => false,
        Who::Administrator if last(own).contains("admin") || last(own) == "root" => true,
        Who::Administrator | Who::Ordinary => {
            return (ClaimState::Unsupported, format!("{says} It does not say what rights that user has."));
        }
    };
    match same != denied {
        true => (ClaimState::Supported, says),
        // A process may run as somebody else than its parent.
        false if thing.user.is_empty() => (ClaimState::Unsupported, format!("{says} That is the parent's user.")),
        false => (agree(false), says),
    }
}
