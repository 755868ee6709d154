//! The system for a person: is it ready, does it keep up, who outside answers, what was removed.
mod installation;
mod kept;
mod outside;
mod queue;

use self::installation::Facts;
use self::kept::{Backups, Seal};
use self::outside::Outside;
use self::queue::{DeadView, KindView};
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::page::{Chrome, Page};
use super::view::text::{start, visible};
use super::view::words::{When, duration, when};
use crate::api::health::{self, Check};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::jobs::{held, ledger, retention, triage, upkeep as purged};
use crate::store::intake::{self, MINUTE_MS, Summary};
use crate::store::record::{Entry, audit};
use crate::store::{Tx, jobs, orgs, upkeep};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

const HOUR_MS: i64 = 3_600_000;
/// Failed sign-ins are counted up to this.
const COUNTED: i64 = 10_000;
/// What of the ledger counts as one, with what it is called here.
const FAILED: &[(&str, &str)] = &[
    ("login_failed", "Wrong password, or refused by the provider"),
    ("code_failed", "Wrong code"),
    ("login_slowed", "Too many tries"),
    ("token_refused", "Calls without a valid token"),
    ("bad_signature", "Webhooks with a wrong signature"),
];

/// Something that is removed again and again.
struct Removal {
    what: &'static str,
    ran: Option<When>,
    removed: i64,
    /// Since when nothing is removed because the clock may be wrong.
    held: Option<When>,
}

/// What is about the installation as a whole: it tells of every organisation.
struct Installation {
    facts: Facts,
    kinds: Vec<KindView>,
    /// Jobs that were given up.
    dead: Vec<DeadView>,
    workers: Vec<(String, When, String)>,
    failed: Vec<(&'static str, String)>,
    removals: Vec<Removal>,
    backups: Backups,
    seals: Vec<Seal>,
}

#[derive(Template)]
#[template(path = "admin/system.html")]
struct Index {
    chrome: Chrome,
    version: String,
    checks: Vec<Check>,
    /// Nothing where this person is not an admin of every organisation.
    installation: Option<Installation>,
    outside: Vec<Outside>,
    intake: Vec<Summary>,
    /// Documents of detections are kept for so many days.
    raw_days: u32,
}

/// `GET /admin/system`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "system").await?;
    let checks = health::checks(&app).await;
    let mut tx = app.store.read().await?;
    let whole = whole(&mut tx, &app, &me).await?;
    let minute = now_ms().div_euclid(MINUTE_MS);
    let intake = intake::summaries(&mut tx, me.scope(), minute - 59, minute).await?;
    let installation = if whole { Some(installation(&mut tx, &app).await?) } else { None };
    drop(tx);
    let page = Index {
        chrome,
        version: format!("{} ({})", env!("CARGO_PKG_VERSION"), env!("FUSIONSOC_COMMIT")),
        checks,
        installation,
        outside: outside::all(&app, &me, whole).await?,
        intake,
        raw_days: app.config.retention.raw_days,
    };
    Ok(Page(page).into_response())
}

async fn installation(tx: &mut Tx, app: &App) -> Result<Installation> {
    let now = now_ms();
    let seen = jobs::workers(tx, now - 24 * HOUR_MS, now, 50).await?;
    Ok(Installation {
        facts: installation::facts(tx, app).await?,
        kinds: queue::kinds(tx, now).await?,
        dead: queue::dead(tx).await?,
        workers: seen.into_iter().map(|(owner, at)| (visible(&owner), when(at), duration(now - at))).collect(),
        failed: failed(tx, now - 24 * HOUR_MS).await?,
        removals: removals(tx).await?,
        backups: kept::backups(tx).await?,
        seals: kept::seals(tx).await?,
    })
}

/// Whether a person is in every organisation.
async fn whole(tx: &mut Tx, app: &App, me: &SignedIn) -> Result<bool> {
    let all = orgs::all(tx).await?.len();
    Ok(orgs_of(app, me).await?.len() >= all)
}

async fn failed(tx: &mut Tx, since_ms: i64) -> Result<Vec<(&'static str, String)>> {
    let mut all = Vec::new();
    for (action, label) in FAILED {
        let count = upkeep::entered(tx, action, since_ms, COUNTED).await?;
        all.push((*label, if count < COUNTED { count.to_string() } else { format!("{COUNTED} or more") }));
    }
    Ok(all)
}

async fn removals(tx: &mut Tx) -> Result<Vec<Removal>> {
    let known = upkeep::all(tx).await?;
    let names =
        [(retention::KIND, "Documents of detections"), (ledger::KIND, "Lines of the audit log, in sealed segments")];
    let all = names.iter().chain(purged::REMOVED).map(|(name, what)| {
        let noted = |of: &str| known.iter().find(|one| one.name == of);
        let (of, held) = (noted(name), noted(&held::name(name)).map(|one| when(one.ran_ms)));
        Removal { what, ran: of.map(|one| when(one.ran_ms)), removed: of.map_or(0, |one| one.removed), held }
    });
    Ok(all.collect())
}

/// `POST /admin/system/jobs/{id}/{step}`: brings a job back that was given up, or forgets it.
pub async fn step(me: SignedIn, State(app): State<App>, Path((id, step)): Path<(String, String)>) -> Result<Redirect> {
    let missing = || AppError::Unknown("job that was given up");
    let id: i64 = id.parse().map_err(|_| missing())?;
    let now = now_ms();
    let mut tx = app.store.write().await?;
    if !whole(&mut tx, &app, &me).await? {
        return Err(missing());
    }
    let (job, action, new) = match step.as_str() {
        "retry" => (jobs::revive(&mut tx, id, now).await?, "job_retried", "queued"),
        "dismiss" => (jobs::dismiss(&mut tx, id).await?, "job_dismissed", "forgotten"),
        _ => return Err(missing()),
    };
    let (kind, payload, error) = job.ok_or_else(missing)?;
    if step == "retry" {
        triage::again(&mut tx, &me.actor(), (&kind, &payload), now).await?;
    }
    let (object, old) = (format!("job:{id}"), format!("{kind}: {}", start(&error, 200)));
    audit(&mut tx, &me.actor(), None, &Entry { action, object: &object, old: &old, new }, now).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Redirect::to("/admin/system"))
}
