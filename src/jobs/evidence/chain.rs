//! The processes above and below the one of the event.
use super::count;
use crate::domain::Detection;
use crate::domain::evidence::{EvidenceKind, EvidenceState, Line, Piece};
use crate::limacharlie::{Atom, Client, Error, Sid};
use crate::triage::evidence::{line, parent_of, told_parent};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Steps upwards.
const STEPS: usize = 8;

/// Walks up from the event; a process that leads back to one before it ends the walk.
pub(super) async fn ancestors(client: &Client, sid: &Sid, about: &Detection, now: i64) -> Result<Piece, Error> {
    let piece = |state, text: String| Piece::new(EvidenceKind::Ancestors, state, text, now);
    let start = parent_of(&json!({"routing": {"parent": about.parent_atom}, "event": about.event}));
    let Some(start) = start else {
        return Ok(match told_parent(about) {
            Some(line) => piece(EvidenceState::Ok, "The event names its parent, but not where it is kept.".to_owned())
                .with(vec![line], 1),
            None => piece(EvidenceState::Empty, "The event names no process above its own.".to_owned()),
        });
    };
    let (lines, end) = walk(client, sid, about, start).await?;
    if lines.is_empty() {
        let text = "LimaCharlie does not keep the process above the event's, so who started it is not known.";
        return Ok(piece(EvidenceState::Inconclusive, text.to_owned()));
    }
    let total = lines.len();
    Ok(piece(EvidenceState::Ok, format!("{}{end}.", count(total, "ancestor"))).with(lines, total))
}

/// The processes upwards, and how the walk ended.
async fn walk(
    client: &Client,
    sid: &Sid,
    about: &Detection,
    start: String,
) -> Result<(Vec<Line>, &'static str), Error> {
    let mut seen: HashSet<String> = [about.this_atom.clone()].into();
    let (mut next, mut lines) = (Some(start), Vec::new());
    while let Some(text) = next.take() {
        if lines.len() == STEPS {
            return Ok((lines, "; further ones were not asked for"));
        }
        if !seen.insert(text.clone()) {
            return Ok((lines, "; there the chain leads back to a process before"));
        }
        let Ok(atom) = text.parse::<Atom>() else { break };
        let kept = client.atom(sid, &atom).await?;
        let event = kept.and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        match event {
            Some(event) => {
                next = parent_of(&event).filter(|parent| *parent != text);
                lines.push(line(&event, about));
            }
            // The event tells its parent, even where that one's own event is gone.
            None if lines.is_empty() => {
                lines.extend(told_parent(about));
                let above = about.event.pointer("/PARENT/PARENT_ATOM").and_then(Value::as_str);
                next = above.filter(|_| !lines.is_empty()).map(str::to_owned);
            }
            None => return Ok((lines, "; further ones are not kept")),
        }
    }
    Ok((lines, ""))
}

/// What the process started. Nothing below an event that is not kept itself says nothing.
pub(super) async fn children(client: &Client, sid: &Sid, about: &Detection, now: i64) -> Result<Piece, Error> {
    let piece = |state, text: String| Piece::new(EvidenceKind::Children, state, text, now);
    let Ok(atom) = about.this_atom.parse::<Atom>() else {
        let text = "The event has no atom by which what it started could be found.";
        return Ok(piece(EvidenceState::Inconclusive, text.to_owned()));
    };
    let below = client.children(sid, &atom).await?;
    if below.is_empty() {
        return Ok(match client.atom(sid, &atom).await? {
            Some(_) => piece(EvidenceState::Empty, "The process of the event started nothing.".to_owned()),
            None => piece(
                EvidenceState::Inconclusive,
                "LimaCharlie does not keep the event itself, so what it started is not known.".to_owned(),
            ),
        });
    }
    let mut lines: Vec<Line> = below
        .iter()
        .filter_map(|raw| serde_json::from_str::<Value>(raw.get()).ok())
        .map(|event| line(&event, about))
        .collect();
    lines.sort_by_key(|line| line.at_ms);
    Ok(piece(EvidenceState::Ok, format!("{} of what it started.", count(below.len(), "event")))
        .with(lines, below.len()))
}
