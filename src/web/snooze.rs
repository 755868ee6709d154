//! Putting a case aside and bringing it back, and what a person is told on their pages.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{Key, begin, finish, to_list};
use super::deciding::onward;
use super::form::{CaseNumber, Fields};
use super::kept::Kept;
use super::trail::Trail;
use crate::clock::now_ms;
use crate::error::Result;
use crate::review::{self, ReviewError, Why};
use crate::store::reminders;
use axum::extract::State;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

/// The hour at which the next morning begins.
pub const MORNING: i8 = 8;

/// Until when, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SnoozeForm {
    /// `1h`, `4h` or `morning`.
    until: String,
    /// A day and time by the person's clock, which stands above the choice.
    at: String,
    reason: String,
    idempotency_key: Key,
    /// `queue` where it comes from the queue's preview.
    next: String,
    /// The query string of the list.
    from: Option<String>,
}

/// `POST /cases/{number}/snooze`
pub async fn snooze(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<SnoozeForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "snooze", &form.idempotency_key).await?;
    let trail = form.from.as_deref().and_then(Trail::read);
    // Looked up first: a snoozed case has left the list.
    let (queue, done) = (form.next == "queue", ("snoozed", number.to_string()));
    let onward = onward(&mut tx, &me, number, (trail.as_ref(), queue), (done.0, &done.1)).await?;
    let Some(case) = case else { return Ok(Redirect::to(&onward).into_response()) };
    let now = now_ms();
    let done = match until(&form, &me.user.zone, now) {
        Ok(until) => review::snooze(&mut tx, &me.actor(), &case, until, &form.reason, now).await,
        Err(problem) => Err(problem),
    };
    let ok = done.is_ok();
    let typed = vec![("snooze_reason", form.reason), ("snooze_at", form.at), ("snooze_until", form.until)];
    let response = finish(&app, &me, tx, number, done, Kept { trail, typed, ..Kept::default() }).await?;
    Ok(if ok { Redirect::to(&onward).into_response() } else { response })
}

/// The moment that was meant, by the person's clock; that of UTC where they have set none.
fn until(form: &SnoozeForm, zone: &str, now_ms: i64) -> Result<i64, ReviewError> {
    let unknown = |text: &str| ReviewError::Invalid { field: "until", text: text.to_owned() };
    let zone = if zone.is_empty() { TimeZone::UTC } else { TimeZone::get(zone).unwrap_or(TimeZone::UTC) };
    if !form.at.trim().is_empty() {
        let at = form.at.trim().parse::<DateTime>().ok().and_then(|at| zone.to_timestamp(at).ok());
        let wrong = || unknown("Give a day and a time, such as 2026-03-19T14:00.");
        return at.map(Timestamp::as_millisecond).ok_or_else(wrong);
    }
    match form.until.as_str() {
        "1h" => Ok(now_ms + 3_600_000),
        "4h" => Ok(now_ms + 4 * 3_600_000),
        "morning" => morning(&zone, now_ms).ok_or_else(|| unknown("This time can't be told.")),
        _ => Err(unknown("Choose until when.")),
    }
}

/// The next time that it is morning in a zone.
fn morning(zone: &TimeZone, now_ms: i64) -> Option<i64> {
    let now = zone.to_datetime(Timestamp::from_millisecond(now_ms).ok()?);
    let today = now.date().at(MORNING, 0, 0, 0);
    let next = if now < today { today } else { today.checked_add(1.day()).ok()? };
    Some(zone.to_timestamp(next).ok()?.as_millisecond())
}

/// `POST /cases/{number}/wake`
pub async fn wake(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<SnoozeForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "wake", &form.idempotency_key).await?;
    let done = match &case {
        Some(case) => review::wake(&mut tx, &me.actor(), case, Why::Hand, now_ms()).await,
        None => Ok(false),
    };
    let list = to_list(&form.next, form.from.as_deref().unwrap_or_default(), number);
    let response = finish(&app, &me, tx, number, done.map_err(ReviewError::from), Kept::default()).await?;
    Ok(list.unwrap_or(response))
}

/// Up to when a person has read what they were told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SeenForm {
    until: i64,
}

/// `POST /reminders`: the person has seen them.
pub async fn seen(
    me: SignedIn,
    State(app): State<App>,
    headers: HeaderMap,
    Fields(form): Fields<SeenForm>,
) -> Result<Response> {
    let mut tx = app.store.write().await?;
    reminders::seen(&mut tx, me.user.id, form.until.min(now_ms())).await?;
    tx.commit().await?;
    // Back to the page on which it was read; a path of ours, whatever host the header names.
    let page = headers.get(header::REFERER).and_then(|page| page.to_str().ok()?.parse::<Uri>().ok());
    let path = page.as_ref().and_then(|page| page.path_and_query()).map(PathAndQuery::as_str);
    let to = path.filter(|path| path.starts_with('/') && !path.starts_with("//")).unwrap_or("/cases");
    Ok(Redirect::to(to).into_response())
}
