//! What a person did a moment ago, told on the page that came after it, with the way back.
use super::App;
use super::auth::SignedIn;
use super::trail::Trail;
use super::view::text::visible;
use crate::clock::now_ms;
use crate::domain::Status;
use crate::error::Result;
use crate::store::{Tx, cases, timeline};
use serde::Deserialize;

/// So many seconds a message without an undo stands.
pub const MESSAGE_S: i64 = 6;

/// The part of a page's address that names what was done: the number of a case.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Decided.
    pub done: String,
    /// Taken back.
    pub undone: String,
    /// Put aside.
    pub snoozed: String,
    /// An act over many cases.
    pub bulk: String,
    /// The first of the cases that were given to somebody, and how many there were.
    pub assigned: String,
}

/// A case, or an act over many, that was just decided or taken back.
#[derive(Default)]
pub struct Done {
    /// What was done to it.
    pub text: String,
    /// The entry that can be undone.
    pub undo: Option<i64>,
    /// Where the undo is sent.
    pub action: String,
    /// What stands on its button.
    pub label: &'static str,
    /// What more there is to know, and its address.
    pub more: Option<(String, String)>,
    /// For how many seconds this stands.
    pub left: i64,
    /// The undo form's key.
    pub key: String,
    /// `queue` where the undo leads there.
    pub next: &'static str,
    /// The list's query string.
    pub from: String,
}

/// What the address says was done, where this person did it and it is so.
///
/// # Errors
/// Where the database refuses.
pub async fn done(
    tx: &mut Tx,
    app: &App,
    me: &SignedIn,
    told: &Told,
    (trail, next): (&Trail, &'static str),
) -> Result<Option<Done>> {
    if !told.bulk.is_empty() || !told.assigned.is_empty() {
        return super::bulk::told(tx, app, me, told, trail).await;
    }
    let (back, aside) = (!told.undone.is_empty(), !told.snoozed.is_empty());
    let number = [&told.undone, &told.snoozed, &told.done].into_iter().find(|number| !number.is_empty());
    let Some(number) = number else { return Ok(None) };
    let Ok(number) = number.parse::<i64>() else { return Ok(None) };
    let Some(case) = cases::visible(tx, me.scope(), number).await? else { return Ok(None) };
    let newest = timeline::of_case(tx, number, 20).await?;
    let mine = |kinds: &[&str]| {
        let acts = newest.iter().find(|entry| ["verdict", "status", "undo", "snooze"].contains(&entry.kind.as_str()));
        acts.filter(|entry| entry.actor == me.user.username && kinds.contains(&entry.kind.as_str()))
    };
    let entry = mine(match (back, aside) {
        (true, _) => &["undo", "status"],
        (_, true) => &["snooze"],
        _ => &["verdict", "status"],
    });
    let Some(entry) = entry else { return Ok(None) };
    let window = me.undo_ms(app);
    let left = (entry.at_ms + window - now_ms()).max(0) / 1000;
    let undo = (!back && entry.undo.is_some() && entry.undone_ms.is_none()).then_some(entry.id);
    Ok(Some(Done {
        text: if aside { format!("#{number}: {}.", visible(&entry.text)) } else { text(&case, back) },
        action: format!("/cases/{number}/undo"),
        label: "Undo",
        more: None,
        undo,
        left: if back { MESSAGE_S } else { left },
        key: hex::encode(rand::random::<[u8; 8]>()),
        next,
        from: trail.query(),
    }))
}

fn text(case: &cases::Case, back: bool) -> String {
    let number = case.number;
    let verdict = case.verdict.label().to_lowercase();
    match (back, case.status) {
        (true, Status::Closed) => format!("Undone. #{number} is closed as {verdict} again."),
        (true, _) if case.verdict.decided() => format!("Undone. #{number} is declared {verdict} again."),
        (true, _) => format!("Undone. #{number} is open again."),
        (false, Status::Closed) => format!("#{number} closed as {verdict}."),
        (false, _) => format!("#{number} declared {verdict}."),
    }
}
