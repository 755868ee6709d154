//! The detections of a case on pages of their own, and the reading of encoded text in them.
use super::DetectionView;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::store::detections;
use crate::triage::unpack;
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::form::{Asked, CaseNumber};
use crate::web::page::{Chrome, Page};
use crate::web::view::case as view;
use crate::web::view::text;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// Detections of one page.
const PAGE: i64 = 20;

#[derive(Template)]
#[template(path = "cases/list.html")]
struct List {
    chrome: Chrome,
    number: i64,
    title: String,
    all: i64,
    detections: Vec<DetectionView>,
    show_event: bool,
    /// Whether detections can be chosen to be split off.
    may_split: bool,
    key: String,
    /// The last of the page, where more may follow.
    more: Option<i64>,
}

/// Which detections are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// The page begins after this one.
    after: Option<i64>,
    /// Only this one.
    only: Option<i64>,
}

/// `GET /cases/{number}/detections`
pub async fn list(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Asked(which): Asked<Which>,
) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = super::cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let named = match which.only.or(which.after) {
        Some(id) => Some(detections::of_case_by_id(&mut tx, number, id).await?.ok_or(AppError::NotFound)?),
        None => None,
    };
    let stored = match named {
        Some(only) if which.only.is_some() => vec![only],
        Some(last) => detections::after(&mut tx, number, (last.event_ms, last.id), i64::MAX, PAGE).await?,
        None => detections::of_case(&mut tx, number, PAGE).await?,
    };
    drop(tx);
    let full = i64::try_from(stored.len()).is_ok_and(|count| count == PAGE);
    let more = stored.last().filter(|_| full && which.only.is_none()).map(|last| last.id);
    let (detections, _) = view::detection_views(&case, (&stored, &[]), &[], app.config.retention);
    let (title, all) = (text::visible(&case.title), case.detections);
    let may_split = me.user.role >= Role::Analyst && case.merged_into.is_none() && all > 1;
    let key = hex::encode(rand::random::<[u8; 8]>());
    Ok(Page(List { chrome, number, title, all, detections, show_event: true, may_split, key, more }).into_response())
}

#[derive(Template)]
#[template(path = "cases/decode.html")]
struct Decoded {
    chrome: Chrome,
    number: i64,
    /// The detection's id here.
    id: i64,
    field: String,
    /// Each layer: how it was encoded, its text, whether there is more, what is to know about it.
    layers: Vec<(String, String, bool, &'static str)>,
}

/// What is to be read: the detection, a JSON pointer into its event, and where in the value.
#[derive(Debug, Deserialize)]
pub struct What {
    detection: String,
    field: String,
    at: usize,
}

/// `GET /cases/{number}/decode`
pub async fn decode(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Asked(what): Asked<What>,
) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = super::cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let stored = detections::in_case(&mut tx, case.number, &what.detection).await?.ok_or(AppError::NotFound)?;
    drop(tx);
    if stored.raw.is_empty() {
        return Err(AppError::Gone(app.config.retention.removed()));
    }
    let document = serde_json::from_str(&stored.raw).unwrap_or_default();
    let read = crate::domain::Detection::read(&document).map_err(|_| AppError::NotFound)?;
    let value = read.event.pointer(&what.field).and_then(|value| value.as_str()).ok_or(AppError::NotFound)?;
    let layers: Vec<_> = unpack::layers(value, what.at)
        .into_iter()
        .map(|layer| {
            let warning = text::warning(&layer.text);
            (layer.encoding, text::lines(&layer.text), layer.cut, warning)
        })
        .collect();
    if layers.is_empty() {
        return Err(AppError::NotFound);
    }
    let field = text::start(what.field.trim_start_matches('/'), 120);
    Ok(Page(Decoded { chrome, number, id: stored.id, field, layers }).into_response())
}
