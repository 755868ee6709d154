//! The page of an observable: where it was seen, with what, and how its cases were decided.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Asked, Named};
use super::page::{Chrome, Page};
use super::pivot::{self, Pivot, Query, SHORT};
use super::view::evidence;
use super::view::intel::{IntelView, glyph, intel_view};
use super::view::pivot::{self as view, Pointer};
use super::view::text;
use super::view::words::{Glyph, When, when};
use crate::clock::now_ms;
use crate::domain::{Observable, ObservableKind};
use crate::error::{AppError, Result};
use crate::store::activity::Subject;
use crate::store::history::{self, Of};
use crate::store::{Scope, Tx, intel, observables};
use crate::triage::observables::canonical;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Hosts of the list.
const HOSTS: i64 = 20;
const NONE: AppError = AppError::Unknown("observable");

#[derive(Template)]
#[template(path = "observables/show.html")]
struct Show {
    chrome: Chrome,
    kind: ObservableKind,
    raw: String,
    short: String,
    value: Vec<String>,
    place: &'static str,
    known: &'static str,
    first: When,
    last: When,
    orgs: Vec<(String, When, When)>,
    roles: Vec<(String, i64)>,
    hosts: Vec<Pointer>,
    hosts_total: String,
    beside: Vec<Pointer>,
    intel: Vec<IntelView>,
    /// What its answers amount to.
    verdict: Option<Glyph>,
    search: String,
    p: Pivot,
}

/// What its newest cases tell, of all organisations.
#[derive(Default)]
struct Seen {
    roles: Vec<(String, i64)>,
    hosts: Vec<history::Host>,
    hosts_total: i64,
    beside: Vec<history::Beside>,
    intel: Vec<intel::Answer>,
}

/// The observable that an address names, in each organisation of the scope.
///
/// # Errors
/// `Unknown`, the same for a type or value that nobody has and for one that only others have.
pub async fn find(
    tx: &mut Tx,
    scope: Scope,
    parts: &[String],
) -> Result<(ObservableKind, String, Vec<observables::Known>)> {
    let [kind, value] = parts else { return Err(NONE) };
    let kind: ObservableKind = kind.parse().map_err(|_| NONE)?;
    let value = canonical(kind, value);
    let known = observables::known(tx, scope, kind, &value).await?;
    if known.is_empty() { Err(NONE) } else { Ok((kind, value, known)) }
}

/// What the store's lists take.
pub fn of(known: &[observables::Known]) -> Vec<Of> {
    known.iter().map(|one| Of { subject: Subject::Observable, id: one.id }).collect()
}

/// `GET /observables/{kind}/{value}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "").await?;
    let several_orgs = orgs_of(&app, &me).await?.len() > 1;
    let mut tx = app.store.read().await?;
    let (kind, value, known) = find(&mut tx, me.scope(), &parts).await?;
    let page = evidence::observable_page(kind, &value);
    let p = pivot::gather(&mut tx, &of(&known), &page, &query, several_orgs).await?;
    let seen = seen(&mut tx, &of(&known), &value).await?;
    drop(tx);
    let (place, why) = Observable::about(kind, &value);
    let shown = text::defang(kind, &value);
    Ok(Page(Show {
        short: text::start(&shown, 160),
        value: text::pieces(&shown),
        place: place.unwrap_or_default(),
        known: why.unwrap_or_default(),
        first: when(known.iter().map(|one| one.first_ms).min().unwrap_or_default()),
        last: when(known.iter().map(|one| one.last_ms).max().unwrap_or_default()),
        orgs: known.into_iter().map(|one| (one.org, when(one.first_ms), when(one.last_ms))).collect(),
        roles: seen.roles,
        hosts: view::hosts(&seen.hosts, 20),
        hosts_total: view::count(seen.hosts_total),
        beside: view::beside(&seen.beside, 10),
        verdict: intel::verdict(&seen.intel, kind, &value).map(glyph),
        intel: seen.intel.iter().map(|answer| intel_view(answer, now_ms())).collect(),
        search: if value.chars().count() > 200 { String::new() } else { super::view::links::cases("q", &value) },
        raw: value,
        chrome,
        kind,
        p,
    })
    .into_response())
}

async fn seen(tx: &mut Tx, of: &[Of], value: &str) -> Result<Seen> {
    let mut seen = Seen::default();
    for one in of {
        for (role, cases) in observables::roles(tx, one.id).await? {
            let role = text::visible(&role);
            match seen.roles.iter_mut().find(|(known, _)| *known == role) {
                Some((_, sum)) => *sum += cases,
                None => seen.roles.push((role, cases)),
            }
        }
        let hosts = history::hosts(tx, *one, HOSTS).await?;
        seen.hosts_total += hosts.first().map_or(0, |host| host.total);
        seen.hosts.extend(hosts);
        seen.beside.extend(history::beside(tx, *one, None, SHORT).await?);
    }
    seen.intel = answers(tx, of, value).await?;
    seen.roles.sort_by_key(|(_, cases)| std::cmp::Reverse(*cases));
    seen.roles.truncate(20);
    Ok(seen)
}

/// What providers said of it last, in all organisations that it is known of.
pub async fn answers(tx: &mut Tx, of: &[Of], value: &str) -> Result<Vec<intel::Answer>> {
    let mut all = Vec::new();
    for one in of {
        all.extend(intel::about(tx, one.id, value).await?);
    }
    all.sort_by_key(|answer: &intel::Answer| std::cmp::Reverse(answer.fetched_ms));
    all.truncate(10);
    Ok(all)
}
