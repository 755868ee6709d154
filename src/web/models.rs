//! Models and voting: who votes, how, and the offer of a local Ollama.
use super::auth::{SignedIn, orgs_of};
use super::page::{Chrome, Page};
use super::range::{self, ScoreView};
use super::trials::{self, Kept, Recent};
use super::view::calibration::Calibrations;
use super::view::economy::{self, OrgView};
use super::view::voters::{Figures, PanelFigures};
use super::view::words::percent;
use super::{App, calibration, measured};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::jobs::panel::Seats;
use crate::jobs::triage::budget_of;
use crate::store::activity::DAY_MS;
use crate::store::orgs::Org;
use crate::store::record::{Entry, audit};
use crate::store::spending::{self, OfOrg};
use crate::store::{controls, ranges, voters};
use crate::voters::{Voter, ollama};
use askama::Template;
use axum::extract::{RawForm, State};
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// Reuse is told of so many days.
const LATELY_DAYS: i64 = 29;

struct VoterView {
    name: String,
    kind: &'static str,
    model: String,
    role: &'static str,
    cloud: bool,
    added: bool,
    timeout_s: u64,
    /// Seconds for which its server is left alone; 0 while it is asked.
    rest_s: u64,
}

#[derive(Template)]
#[template(path = "models/index.html")]
struct Index {
    chrome: Chrome,
    voters: Vec<VoterView>,
    mode: &'static str,
    standing_in: bool,
    from_file: bool,
    problem: String,
    offer: Option<Vec<String>>,
    address: &'static str,
    forbidden: Vec<String>,
    has_cloud: bool,
    scores: Vec<ScoreView>,
    has_models: bool,
    limit: i64,
    may_range: bool,
    figures: Vec<Figures>,
    measured: Option<PanelFigures>,
    /// Stated confidence against measured correctness.
    calibration: Calibrations,
    /// Days that the figures are of.
    days: i64,
    trials: Vec<Recent>,
    trying: trials::Trying,
    economy: Economy,
}

/// What asking costs, and what reuse spares.
struct Economy {
    spending: Vec<OrgView>,
    reuse_minutes: u32,
    reuse_share: String,
}

async fn economy_of(app: &App, me: &SignedIn) -> Result<Economy> {
    let panel = &app.config.panel;
    let (reuse_minutes, reuse_share) = (panel.reuse_minutes, percent(panel.reuse_check_share));
    Ok(Economy { spending: spending_of(app, me).await?, reuse_minutes, reuse_share })
}

/// `GET /models`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, Kept::default()).await
}

/// The page, with the form of a trial as it was filled in.
pub async fn page(app: &App, me: &SignedIn, kept: Kept) -> Result<Response> {
    let chrome = Chrome::of(app, me, "models").await?;
    let mut tx = app.store.read().await?;
    let added: Vec<String> = voters::all(&mut tx).await?.into_iter().map(|voter| voter.name).collect();
    let (scores, held) = (ranges::all(&mut tx).await?, controls::all(&mut tx).await?);
    drop(tx);
    let (seats, problem) = match app.panel.current(&app.store).await {
        Ok(seats) => (Some(seats), String::new()),
        Err(error) => (None, error.to_string()),
    };
    let models = seats.as_ref().map_or(&[] as &[_], |seats| &seats.models);
    let list = seats.iter().flat_map(|seats| listed(seats, &added)).collect::<Vec<_>>();
    let from_file = !app.config.voters.is_empty();
    let offer = if from_file { None } else { offer(me, &added).await };
    let (figures, measured, calibration) = told(app, me, seats.as_ref()).await?;
    Ok(Page(Index {
        mode: app.config.panel.mode.label(),
        standing_in: seats.as_ref().is_some_and(|seats| seats.standing_in),
        has_cloud: list.iter().any(|voter| voter.cloud),
        offer,
        address: ollama::USUAL_ADDRESS,
        voters: list,
        has_models: seats.as_ref().is_some_and(|seats| !seats.models.is_empty()),
        limit: crate::jobs::range::LIMIT_PERCENT,
        may_range: me.user.role >= Role::Lead,
        trials: trials::recent(app, me).await?,
        days: crate::store::measured::DAYS,
        trying: trials::Trying::of(seats.as_deref(), kept),
        figures,
        measured,
        calibration,
        scores: range::views(scores, &held, models),
        economy: economy_of(app, me).await?,
        chrome,
        from_file,
        problem,
        forbidden: forbidden(app, me).await?,
    })
    .into_response())
}

/// What is told of how right everybody is: each voter, the panel, and how sure they said they were.
type Told = (Vec<Figures>, Option<PanelFigures>, Calibrations);

async fn told(app: &App, me: &SignedIn, seats: Option<&Arc<Seats>>) -> Result<Told> {
    let Some(seats) = seats else { return Ok((Vec::new(), None, Calibrations::default())) };
    let (figures, panel) = measured::figures(app, me, seats).await?;
    Ok((figures, Some(panel), calibration::of(app, me, seats).await?))
}

/// The models of a local Ollama that do not vote yet, for an admin, where there are any.
async fn offer(me: &SignedIn, added: &[String]) -> Option<Vec<String>> {
    if me.user.role < Role::Admin {
        return None;
    }
    let there = ollama::models(ollama::USUAL_ADDRESS).await.ok()?;
    let new: Vec<_> = there.into_iter().map(|(name, _)| name).filter(|name| !added.contains(name)).collect();
    (!new.is_empty()).then_some(new)
}

/// Organisations whose data may not leave to a cloud voter.
async fn forbidden(app: &App, me: &SignedIn) -> Result<Vec<String>> {
    let allowed = app.config.policy.cloud_allowed;
    let orgs = orgs_of(app, me).await?.into_iter().filter(|org| !org.cloud_allowed && !allowed);
    Ok(orgs.map(|org| org.name).collect())
}

/// What a person's organisations spend.
async fn spending_of(app: &App, me: &SignedIn) -> Result<Vec<OrgView>> {
    let (now, orgs) = (now_ms(), orgs_of(app, me).await?);
    let today = now.div_euclid(DAY_MS);
    let mut tx = app.store.read().await?;
    let unasked = spending::unasked_cases(&mut tx, me.scope(), now).await?;
    let own = spending::all_limits(&mut tx).await?;
    let spent = spending::between(&mut tx, me.scope(), today, today).await?;
    let lately = spending::between(&mut tx, me.scope(), today - LATELY_DAYS, today).await?;
    let of = |all: &[OfOrg], id: i64| all.iter().find(|one| one.org_id == id).map(|one| one.spent).unwrap_or_default();
    let view = |org: &Org| {
        let own = own.iter().find(|own| own.id == org.id).copied().unwrap_or_default();
        let waiting = unasked.iter().find(|(id, _)| *id == org.id).map_or(0, |(_, cases)| *cases);
        let limits = budget_of(own, &app.config.panel);
        economy::org(org, limits, of(&spent, org.id), of(&lately, org.id), waiting)
    };
    Ok(orgs.iter().map(view).collect())
}

/// Everybody who is set up, with what they may do.
fn listed(seats: &Seats, added: &[String]) -> Vec<VoterView> {
    let all = seats.listed();
    all.map(|(voter, role)| view(voter.as_ref(), role, added)).collect()
}

fn view(voter: &dyn Voter, role: &'static str, added: &[String]) -> VoterView {
    VoterView {
        name: voter.name().to_owned(),
        kind: voter.kind().as_str(),
        model: voter.model().to_owned(),
        role,
        cloud: voter.cloud(),
        added: added.iter().any(|name| name == voter.name()),
        timeout_s: voter.deadline().as_secs(),
        rest_s: voter.rest().map_or(0, |rest| rest.as_secs() + 1),
    }
}

/// The names in a form, repeated for each.
fn names(form: &[u8]) -> Vec<String> {
    form_urlencoded::parse(form).filter(|(field, _)| field == "name").map(|(_, name)| name.into_owned()).collect()
}

/// `POST /models/adopt`: takes models of the local Ollama into the panel.
pub async fn adopt(me: SignedIn, State(app): State<App>, RawForm(form): RawForm) -> Result<Response> {
    let there = ollama::models(ollama::USUAL_ADDRESS)
        .await
        .map_err(|text| AppError::Invalid { field: "name".to_owned(), text })?;
    let mut tx = app.store.write().await?;
    for name in names(&form).into_iter().filter(|name| there.iter().any(|(known, _)| known == name)) {
        let voter = voters::Added {
            kind: "ollama".to_owned(),
            base_url: ollama::USUAL_ADDRESS.to_owned(),
            model: name.clone(),
            name,
        };
        voters::insert(&mut tx, &voter, now_ms()).await?;
        audit(
            &mut tx,
            &me.actor(),
            None,
            &Entry { action: "voter_added", object: &format!("voter:{}", voter.name), old: "", new: &voter.base_url },
            now_ms(),
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/models").into_response())
}

/// `POST /models/remove`: takes added models off the panel.
pub async fn remove(me: SignedIn, State(app): State<App>, RawForm(form): RawForm) -> Result<Response> {
    let mut tx = app.store.write().await?;
    for name in names(&form) {
        voters::remove(&mut tx, &name).await?;
        audit(
            &mut tx,
            &me.actor(),
            None,
            &Entry { action: "voter_removed", object: &format!("voter:{name}"), old: "", new: "" },
            now_ms(),
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/models").into_response())
}
