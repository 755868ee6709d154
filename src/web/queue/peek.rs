//! The preview of the current row, and what was decided a moment ago.
use crate::clock::now_ms;
use crate::domain::{Detection, Status};
use crate::error::Result;
use crate::store::queue::Row;
use crate::store::{Tx, detections, runs, timeline, votes};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::view::row::{RowView, row};
use crate::web::view::{event, panel, words};

pub(super) struct Peek {
    pub(super) row: RowView,
    pub(super) event: event::EventView,
    pub(super) run: Option<panel::RunView>,
    /// Whether a text tries to steer the vote, so that no single key may decide.
    pub(super) steered: bool,
    pub(super) happened: words::When,
    pub(super) seen: crate::domain::dossier::Precedents,
    pub(super) version: i64,
    pub(super) key: String,
}

/// A case that was just decided, with the way back.
pub(super) struct Done {
    pub(super) number: i64,
    pub(super) text: String,
    pub(super) undo: Option<i64>,
    pub(super) left: i64,
    pub(super) key: String,
}

pub(super) async fn peek(tx: &mut Tx, found: Option<&Row>, now: i64) -> Result<Option<Peek>> {
    let Some(found) = found else { return Ok(None) };
    let number = found.case.number;
    let stored = detections::of_case(tx, number, 1).await?;
    let document = stored.first().and_then(|stored| serde_json::from_str(&stored.raw).ok());
    let shown = document
        .and_then(|document| Detection::read(&document).ok())
        .map(|read| event::event(&read))
        .unwrap_or_default();
    let all = runs::of_case(tx, number).await?;
    let steered = all.iter().any(|run| panel::steering(run).is_some());
    let newest = all.into_iter().find(|run| run.state != runs::RunState::Interrupted);
    let run = match newest {
        Some(newest) => Some(panel::run(&newest, &votes::of_run(tx, newest.id).await?)),
        None => None,
    };
    let (false_positive, benign_true_positive, true_positive) = (found.seen_fp, found.seen_btp, found.seen_tp);
    Ok(Some(Peek {
        row: row(found, false, true, now),
        happened: words::when(found.case.first_event_ms),
        seen: crate::domain::dossier::Precedents { false_positive, benign_true_positive, true_positive },
        version: found.case.version,
        key: hex::encode(rand::random::<[u8; 8]>()),
        event: shown,
        run,
        steered,
    }))
}

/// The case that was decided a moment ago, where it can be undone.
pub(super) async fn done(tx: &mut Tx, app: &App, me: &SignedIn, number: &str) -> Result<Option<Done>> {
    let Ok(number) = number.parse::<i64>() else { return Ok(None) };
    let Some(decided) = crate::store::cases::visible(tx, me.scope(), number).await? else { return Ok(None) };
    let newest = timeline::of_case(tx, number, 20).await?;
    let entry = newest.iter().find(|entry| entry.undo.is_some() && entry.undone_ms.is_none());
    let window = i64::from(app.config.policy.undo_s) * 1000;
    let left = entry.map_or(0, |entry| (entry.at_ms + window - now_ms()).max(0) / 1000);
    let what = if decided.status == Status::Closed { "closed as" } else { "declared" };
    Ok(Some(Done {
        number,
        text: format!("#{number} {what} {}.", decided.verdict.label().to_lowercase()),
        undo: entry.map(|entry| entry.id),
        left,
        key: hex::encode(rand::random::<[u8; 8]>()),
    }))
}
