//! Tuning: the list of exclusions, the rules that cause most false positives, and the page of one exclusion.
mod effect;
mod propose;
mod steps;

pub use propose::{create, form};
pub use steps::step;

use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Asked, Named};
use super::page::{Chrome, Page};
use super::view::exclusion::{self as view, HitView, Row, TallyView};
use super::view::json::{self, Span};
use super::view::words::{When, when};
use super::view::{links, text};
use crate::clock::now_ms;
use crate::domain::{ExclusionState, HitKind, Role, WorkState};
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::Tx;
use crate::store::activity::DAY_MS;
use crate::store::exclusions::{self, Exclusion};
use crate::store::orgs::Org;
use crate::tuning::{approval, ending, exclusion};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use effect::EffectView;
use serde::Deserialize;

/// A rule and how many false positives it caused.
struct NoisyView {
    title: String,
    page: String,
    org: String,
    cases: i64,
    newest: i64,
}

#[derive(Template)]
#[template(path = "tuning/index.html")]
struct Index {
    chrome: Chrome,
    several_orgs: bool,
    rows: Vec<Row>,
    noisy: Vec<NoisyView>,
    more: Option<String>,
    later: bool,
    may_propose: bool,
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    before: Option<i64>,
    kind: String,
}

/// `GET /tuning`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "tuning").await?;
    let orgs = orgs_of(&app, &me).await?;
    let now = now_ms();
    let mut tx = app.store.read().await?;
    let mut found = Vec::new();
    for org in &orgs {
        found.extend(exclusions::page(&mut tx, org.id, query.before.unwrap_or(i64::MAX), limits::PAGE + 1).await?);
    }
    let noisy = noisy(&mut tx, &orgs, now).await?;
    drop(tx);
    found.sort_by_key(|one| std::cmp::Reverse(one.id));
    let page = usize::try_from(limits::PAGE).unwrap_or(usize::MAX);
    let more = (found.len() > page).then(|| format!("/tuning?before={}", found[page - 1].id));
    let rows = found.iter().take(page).map(|one| view::row(one, now)).collect();
    let (later, several_orgs) = (query.before.is_some(), orgs.len() > 1);
    let may_propose = me.user.role >= Role::Analyst;
    Ok(Page(Index { chrome, several_orgs, rows, noisy, more, later, may_propose }).into_response())
}

/// The rules with the most false positives.
async fn noisy(tx: &mut Tx, orgs: &[Org], now: i64) -> Result<Vec<NoisyView>> {
    let mut noisy = Vec::new();
    for org in orgs {
        let rules = exclusions::noisy(tx, org.id, now - exclusion::USUAL_DAYS * DAY_MS, 10).await?;
        noisy.extend(rules.into_iter().map(|rule| NoisyView {
            title: text::start(&rule.title, 160),
            page: links::rule(&rule.path),
            org: org.slug.clone(),
            cases: rule.cases,
            newest: rule.newest,
        }));
    }
    noisy.sort_by_key(|one| std::cmp::Reverse(one.cases));
    noisy.truncate(10);
    Ok(noisy)
}

#[derive(Template)]
#[template(path = "tuning/show.html")]
struct Show {
    chrome: Chrome,
    row: Row,
    conditions: Vec<String>,
    comment: String,
    rule: Vec<Span>,
    rule_text: String,
    metadata: String,
    expires: When,
    proposed: When,
    changed: Option<When>,
    tested: Option<When>,
    watched: Option<When>,
    read: i64,
    unread: i64,
    percent: String,
    tallies: Vec<TallyView>,
    summary: String,
    objection: Option<String>,
    needs_a_look: bool,
    waits: bool,
    only: Option<HitKind>,
    hits: Vec<HitView>,
    more: Option<String>,
    conflicts: Vec<i64>,
    may: May,
    publish: WorkState,
    /// What it does since it was approved.
    effect: Option<EffectView>,
    /// What went wrong with the last form.
    problem: String,
    x: Exclusion,
}

/// What this person may do with it now.
struct May {
    approve: bool,
    refuse: bool,
    paste: bool,
    disable: bool,
    test: bool,
    publish: bool,
    taken_out: bool,
    /// Why they may not approve it.
    why: &'static str,
}

/// `GET /tuning/{id}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    page(&app, &me, id(&parts)?, &query, String::new()).await
}

fn id(parts: &[String]) -> Result<i64> {
    parts.first().and_then(|id| id.parse().ok()).ok_or(AppError::Unknown("exclusion"))
}

/// The page of an exclusion, with what went wrong.
async fn page(app: &App, me: &SignedIn, id: i64, query: &Query, problem: String) -> Result<Response> {
    let now = now_ms();
    let mut tx = app.store.read().await?;
    let x = exclusions::visible(&mut tx, me.scope(), id).await?.ok_or(AppError::Unknown("exclusion"))?;
    let only = query.kind.parse::<HitKind>().ok().or_else(|| x.tallies.0.first().map(|tally| tally.kind));
    let mut hits = match only {
        Some(kind) => exclusions::hits(&mut tx, id, kind, query.before.unwrap_or(i64::MAX), limits::PAGE + 1).await?,
        None => Vec::new(),
    };
    let conflicts = exclusions::conflicts_of(&mut tx, id, 0, now).await?;
    let gathered = effect::gather(&mut tx, &x, now).await?;
    drop(tx);
    let effect = effect::view(gathered, &x).await?;
    let page = usize::try_from(limits::PAGE).unwrap_or(usize::MAX);
    let more = (hits.len() > page).then(|| {
        let kind = only.map_or("", HitKind::as_str);
        format!("/tuning/{id}?kind={kind}&before={}#hits", hits[page - 1].number)
    });
    hits.truncate(page);
    let conflicts = conflicts.into_iter().map(|(_, _, case)| case).collect();
    let chrome = Chrome::of(app, me, "tuning").await?;
    let show = show_of(me, chrome, x, (only, hits.iter().map(view::hit).collect(), more), (conflicts, problem), now);
    Ok(Page(Show { effect, ..show }).into_response())
}

type Listed = (Option<HitKind>, Vec<HitView>, Option<String>);

fn show_of(
    me: &SignedIn,
    chrome: Chrome,
    x: Exclusion,
    (only, hits, more): Listed,
    (conflicts, problem): (Vec<i64>, String),
    now: i64,
) -> Show {
    Show {
        row: view::row(&x, now),
        conditions: x.conditions.0.iter().map(|text| text::start(text, 600)).collect(),
        comment: text::visible(&x.comment),
        rule: json::spans(&x.rule.0),
        rule_text: serde_json::to_string_pretty(&x.rule.0).unwrap_or_default(),
        metadata: view::metadata(&x).to_string(),
        expires: when(x.expires_ms),
        proposed: when(x.proposed_ms),
        changed: x.changed_ms.map(when),
        tested: x.tested_ms.map(when),
        watched: x.watched_ms.map(when),
        read: x.test_read,
        unread: x.test_unread,
        percent: view::progress(&x),
        tallies: view::tallies(&x, only),
        summary: view::summary(&x),
        objection: approval::objection(&x),
        needs_a_look: approval::needs_a_look(&x),
        waits: x.state == ExclusionState::Proposed && !x.approver.is_empty(),
        may: may(me, &x, now),
        publish: x.publish_state,
        effect: None,
        only,
        hits,
        more,
        conflicts,
        problem,
        chrome,
        x,
    }
}

fn may(me: &SignedIn, x: &Exclusion, now: i64) -> May {
    let (lead, own) = (me.user.role >= Role::Lead, x.proposed_by == me.user.username);
    let state = x.state_at(now);
    let proposed = state == ExclusionState::Proposed;
    let done = x.test_state == WorkState::Done;
    let waits = !x.approver.is_empty();
    let right = proposed && lead && !own;
    let failed = matches!(x.publish_state, WorkState::Failed | WorkState::Unknown);
    May {
        approve: right && done && !waits && approval::objection(x).is_none(),
        refuse: x.state == ExclusionState::Proposed && (lead || own),
        paste: state == ExclusionState::Approved && lead && x.publish_state == WorkState::None,
        disable: state.in_force() && lead,
        test: proposed && me.user.role >= Role::Analyst && matches!(x.test_state, WorkState::Done | WorkState::Failed),
        publish: lead && failed && !ending::is_for_people(x),
        taken_out: lead && x.may_be_left(now),
        why: match (proposed, own, lead) {
            (true, true, _) => "A second person has to approve it: you proposed it yourself.",
            (true, _, false) => "A lead has to approve it.",
            _ => "",
        },
    }
}
