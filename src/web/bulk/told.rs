//! An act over many cases, told on the page that came after it, with the way back.
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::bulk::{self, ActState};
use crate::store::{Tx, cases, timeline};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::done::{Done, MESSAGE_S, Told};
use crate::web::trail::Trail;
use crate::web::view::bulk as view;
use crate::web::view::text::visible;

/// What the address says was done to many cases, where this person did it and it is so.
///
/// # Errors
/// Where the database refuses.
pub async fn told(tx: &mut Tx, app: &App, me: &SignedIn, told: &Told, trail: &Trail) -> Result<Option<Done>> {
    let usual =
        Done { key: hex::encode(rand::random::<[u8; 8]>()), next: "queue", from: trail.query(), ..Done::default() };
    let Ok(id) = told.bulk.parse::<i64>() else { return assigned(tx, me, &told.assigned, usual).await };
    let Some(act) = bulk::visible(tx, me.scope(), id).await? else { return Ok(None) };
    let mine = act.user_id == me.user.id || act.undone_by == me.user.username;
    if !mine {
        return Ok(None);
    }
    let ended = act.finished_ms.unwrap_or_else(now_ms);
    let window = me.undo_ms(app);
    let undo = (act.state == ActState::Done && act.done > 0).then_some(0);
    let left = (ended + window - now_ms()).max(0) / 1000;
    Ok(Some(Done {
        text: view::said(&act),
        more: view::rest(&act, &bulk::reasons(tx, id).await?).map(|rest| (rest, format!("/cases/bulk/{id}"))),
        action: format!("/cases/bulk/{id}/undo"),
        label: "Undo all",
        left: if undo.is_some() { left } else { MESSAGE_S },
        undo,
        ..usual
    }))
}

/// Cases that were given to somebody: the first of them, and how many there were.
async fn assigned(tx: &mut Tx, me: &SignedIn, told: &str, usual: Done) -> Result<Option<Done>> {
    let parts = told.split_once('.').and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
    let Some((number, count)) = parts else { return Ok(None) };
    let (Some(case), _): (_, usize) = (cases::visible(tx, me.scope(), number).await?, count) else { return Ok(None) };
    let newest = timeline::of_case(tx, number, 20).await?;
    let entry = newest.iter().find(|entry| entry.kind == "assign").filter(|entry| entry.actor == me.user.username);
    let whom = case.assignee.as_deref().map_or("nobody".to_owned(), visible);
    let text = format!("{} assigned to {whom}.", view::cases(count));
    Ok(entry.map(|_| Done { text, left: MESSAGE_S, ..usual }))
}
