//! Paths that are written out.
use super::Ctx;
use super::facts::{Facts, Judged, Thing, agree};
use super::place::location;
use super::stance::{self, Stance};
use super::text::is_drive;
use crate::domain::claim::{ClaimKind, ClaimState};
use crate::domain::path::file_name;

/// Adds what the sentence says by writing a path.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        let raw = ctx.sentence.tokens[at].raw;
        let stance = stance::of(ctx.sentence, at);
        if !is_path(raw) || stance == Stance::Nothing {
            continue;
        }
        let denied = stance == Stance::Denies;
        let path = raw.to_lowercase();
        let judged = match location(ctx, at) {
            Some(subject) if file_name(&path).is_empty() || !file_name(&path).contains('.') => {
                ctx.facts
                    .judge(subject, "The event does not say where that file is.", |thing| lies_in(thing, &path, denied))
            }
            _ if denied => continue,
            _ => written(ctx.facts, &path),
        };
        ctx.add(ClaimKind::Path, (at, at), judged);
    }
}

/// A whole path: one that was shortened can't be compared.
fn is_path(raw: &str) -> bool {
    let shortened = raw.contains("...") || raw.contains('\u{2026}') || raw.contains(['*', '<', '>', '|']);
    let unix = raw.starts_with('/') && !raw.contains(':') && raw[1..].starts_with(char::is_alphabetic);
    let deep = raw.matches('/').count() > 1 || matches!(raw, "/tmp" | "/home" | "/root" | "/opt" | "/var" | "/bin");
    !shortened && (is_drive(raw) || unix && deep)
}

fn lies_in(thing: &Thing, folder: &str, denied: bool) -> Judged {
    if thing.path.is_empty() {
        return (ClaimState::Unsupported, "The event does not say where that file is.".to_owned());
    }
    let folder = folder.trim_end_matches(['\\', '/']);
    let inside = thing.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(['\\', '/']));
    (agree(inside != denied), format!("The event says {}.", thing.path))
}

/// A path that the event holds, or that gives one of its files another folder.
fn written(facts: &Facts<'_>, path: &str) -> Judged {
    if facts.holds(path) {
        return (ClaimState::Supported, "The event holds this path.".to_owned());
    }
    let same_name = |thing: &&Thing| thing.is_named(file_name(path)) && !thing.path.is_empty();
    match facts.process.iter().chain(&facts.parent).find(same_name) {
        Some(thing) => (ClaimState::Contradicted, format!("The event says {}.", thing.path)),
        None => (ClaimState::Unsupported, "The event does not hold this path.".to_owned()),
    }
}
