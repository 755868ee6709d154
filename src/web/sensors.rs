//! Hosts and sensors: their list, and the page of one.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Asked, Named};
use super::page::{Chrome, Page};
use super::pivot::{self, Names, Pivot, Query, SHORT};
use super::view::evidence::observable_page;
use super::view::gathered::{NowView, now_view};
use super::view::pivot::{self as view, Pointer};
use super::view::strip::Strip;
use super::view::words::{When, when};
use super::view::{case, links, text};
use crate::clock::now_ms;
use crate::domain::ObservableKind;
use crate::domain::evidence::Piece;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::activity::{DAY_MS, Subject};
use crate::store::history::{self, Of};
use crate::store::{Tx, detections, evidence, policies, sensors};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;

/// A sensor as one organisation has it.
struct Host {
    org: String,
    name: String,
    name_page: String,
    int_ip: String,
    ext_ip: String,
    platform: String,
    tags: Vec<(String, bool)>,
    first: When,
    last: When,
    now: Option<NowView>,
}

/// A detection in the list.
struct Detected {
    at: When,
    title: String,
    event_type: String,
    case: i64,
}

#[derive(Template)]
#[template(path = "sensors/show.html")]
struct Show {
    chrome: Chrome,
    name: String,
    sid: String,
    raw_sid: String,
    queue: String,
    hosts: Vec<Host>,
    newest: Vec<Detected>,
    users: Vec<Pointer>,
    files: Vec<Pointer>,
    p: Pivot,
}

/// `GET /sensors/{sid}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let sid = parts.first().cloned().unwrap_or_default();
    let chrome = Chrome::of(&app, &me, "sensors").await?;
    let several_orgs = orgs_of(&app, &me).await?.len() > 1;
    let mut tx = app.store.read().await?;
    let known = sensors::known(&mut tx, me.scope(), &sid).await?;
    let first = known.first().ok_or(AppError::Unknown("host"))?;
    let of: Vec<Of> = known.iter().map(|one| Of { subject: Subject::Sensor, id: one.sensor.id }).collect();
    let name = if first.sensor.hostname.is_empty() { &sid } else { &first.sensor.hostname };
    let patterns = patterns(&mut tx, &app, &me).await?;
    let mut hosts = Vec::new();
    for one in &known {
        let now = evidence::of_sensor(&mut tx, one.sensor.id).await?;
        hosts.push(host(one, of_org(&patterns, &one.org), now.as_ref()));
    }
    let show = Show {
        p: pivot::gather(&mut tx, &of, &links::sensor(&sid), &query, several_orgs).await?,
        newest: newest(&mut tx, &of).await?,
        users: beside(&mut tx, &of, ObservableKind::User).await?,
        files: beside(&mut tx, &of, ObservableKind::File).await?,
        name: text::start(name, 160),
        sid: text::visible(&sid),
        queue: links::cases("sensor", &sid),
        hosts,
        raw_sid: sid,
        chrome,
    };
    drop(tx);
    Ok(Page(show).into_response())
}

/// The patterns of tags that speak against a case, of each organisation by its short name.
type Patterns = BTreeMap<String, Vec<String>>;

/// Those of a person's organisations.
async fn patterns(tx: &mut Tx, app: &App, me: &SignedIn) -> Result<Patterns> {
    let all = policies::of_user(tx, me.user.id).await?;
    Ok(all.into_iter().map(|one| (one.slug, app.config.policy.of(&one.own).veto_tags)).collect())
}

fn of_org<'a>(all: &'a Patterns, org: &str) -> &'a [String] {
    all.get(org).map_or(&[], Vec::as_slice)
}

fn host(known: &sensors::Known, patterns: &[String], now: Option<&Piece>) -> Host {
    let sensor = &known.sensor;
    Host {
        org: known.org.clone(),
        name: text::visible(&sensor.hostname),
        name_page: observable_page(ObservableKind::Host, &sensor.hostname),
        int_ip: text::visible(&sensor.int_ip),
        ext_ip: text::visible(&sensor.ext_ip),
        platform: case::platform_words(sensor),
        tags: case::tags(sensor, patterns),
        first: when(known.first_ms),
        last: when(known.last_ms),
        now: now.and_then(|piece| now_view(piece, patterns, now_ms())),
    }
}

async fn newest(tx: &mut Tx, of: &[Of]) -> Result<Vec<Detected>> {
    let mut found = Vec::new();
    for one in of {
        found.extend(detections::of_sensor(tx, one.id, 20).await?);
    }
    found.sort_by_key(|line| std::cmp::Reverse(line.event_ms));
    let view = |line: detections::Line| Detected {
        at: when(line.event_ms),
        title: text::start(&line.title, 200),
        event_type: text::visible(&line.event_type),
        case: line.case_number,
    };
    Ok(found.into_iter().take(20).map(view).collect())
}

async fn beside(tx: &mut Tx, of: &[Of], kind: ObservableKind) -> Result<Vec<Pointer>> {
    let mut found = Vec::new();
    for one in of {
        found.extend(history::beside(tx, *one, Some(kind), SHORT).await?);
    }
    let pointers = view::beside(&found, 10).into_iter();
    // The list's heading tells the type.
    Ok(pointers.map(|pointer| Pointer { kind: "", ..pointer }).collect())
}

/// A sensor in the list.
struct Row {
    name: String,
    page: String,
    org: String,
    platform: String,
    alarming: Vec<String>,
    last: When,
    cases: String,
    true_positive: i64,
    trend: Strip,
}

#[derive(Template)]
#[template(path = "sensors/index.html")]
struct Index {
    chrome: Chrome,
    q: String,
    several_orgs: bool,
    rows: Vec<Row>,
    more: Option<String>,
    later: bool,
    until: String,
}

/// `GET /sensors`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(names): Asked<Names>) -> Result<Response> {
    let (q, after) = names.parts()?;
    let chrome = Chrome::of(&app, &me, "sensors").await?;
    let orgs = orgs_of(&app, &me).await?;
    let mut tx = app.store.read().await?;
    let since = now_ms() - 30 * DAY_MS;
    let mut found = Vec::new();
    for org in &orgs {
        found.extend(sensors::page(&mut tx, org.id, &q, after, limits::PAGE + 1, since).await?);
    }
    let (found, end) = pivot::newest(found, |one: &sensors::Listed| (one.known.last_ms, one.known.sensor.id));
    let more = end.map(|end| names.more("/sensors", end));
    let ids: Vec<i64> = found.iter().map(|one| one.known.sensor.id).collect();
    let (trends, until) = pivot::trends(&mut tx, Subject::Sensor, &ids).await?;
    let patterns = patterns(&mut tx, &app, &me).await?;
    drop(tx);
    let rows =
        found.iter().zip(trends).map(|(one, trend)| row(one, trend, of_org(&patterns, &one.known.org))).collect();
    let later = !names.after.is_empty();
    Ok(Page(Index { chrome, q, several_orgs: orgs.len() > 1, rows, more, later, until }).into_response())
}

fn row(one: &sensors::Listed, trend: Strip, patterns: &[String]) -> Row {
    let sensor = &one.known.sensor;
    let tags = case::tags(sensor, patterns);
    Row {
        name: text::start(if sensor.hostname.is_empty() { &sensor.sid } else { &sensor.hostname }, 80),
        page: links::sensor(&sensor.sid),
        org: one.known.org.clone(),
        platform: case::platform_words(sensor),
        alarming: tags.into_iter().filter(|(_, alarming)| *alarming).map(|(tag, _)| tag).collect(),
        last: when(one.known.last_ms),
        cases: view::count(one.cases),
        true_positive: one.true_positive,
        trend,
    }
}
