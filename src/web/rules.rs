//! Rules: their list, and the page of one.
pub mod health;
pub(super) mod suggested;

use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Asked, Named};
use super::page::{Chrome, Page};
use super::pivot::{self, Names, Pivot, Query, SHORT};
use super::view::gate::{self, ProvenView};
use super::view::health::HealthView;
use super::view::pivot::{self as view, CaseView, Pointer};
use super::view::strip::Strip;
use super::view::words::{self, Sev, When, when};
use super::view::{links, text};
use crate::clock::now_ms;
use crate::domain::{Role, Verdict, technique};
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::activity::{DAY_MS, Subject};
use crate::store::history::{self, Of};
use crate::store::{Tx, gates, policies, rules};
use crate::triage::gate::WINDOW_DAYS;
use crate::tuning::suggest::DAYS;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use suggested::SuggestedView;

/// What organisations say about a rule, and which.
struct About {
    orgs: String,
    title: String,
    level: Option<Sev>,
    author: String,
    description: String,
    false_positives: Vec<String>,
    references: Vec<(String, Option<String>)>,
    tags: Vec<String>,
    techniques: Vec<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "rules/show.html")]
struct Show {
    chrome: Chrome,
    path: Vec<String>,
    raw_path: String,
    queue: String,
    about: Vec<About>,
    first: When,
    last: When,
    last_tp: Option<CaseView>,
    hosts: Vec<Pointer>,
    hosts_total: String,
    behaviours: Vec<Pointer>,
    behaviours_total: String,
    proven: Vec<ProvenView>,
    health: Vec<HealthView>,
    several_orgs: bool,
    suggested: Vec<SuggestedView>,
    may_propose: bool,
    p: Pivot,
}

/// `GET /rules/{*path}`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Asked(query): Asked<Query>,
) -> Result<Response> {
    let path = parts.first().cloned().unwrap_or_default();
    let chrome = Chrome::of(&app, &me, "rules").await?;
    let several_orgs = orgs_of(&app, &me).await?.len() > 1;
    let mut tx = app.store.read().await?;
    let known = rules::known(&mut tx, me.scope(), &path).await?;
    if known.is_empty() {
        return Err(AppError::Unknown("rule"));
    }
    let of: Vec<Of> = known.iter().map(|one| Of { subject: Subject::Rule, id: one.rule.id }).collect();
    let (hosts, hosts_total) = hosts(&mut tx, &of).await?;
    let (behaviours, behaviours_total) = behaviours(&mut tx, &of).await?;
    let gathered = suggested::gather(&mut tx, &known).await?;
    let show = Show {
        suggested: Vec::new(),
        health: health::of_known(&mut tx, &known).await?,
        several_orgs: known.len() > 1,
        may_propose: me.user.role >= Role::Analyst,
        p: pivot::gather(&mut tx, &of, &links::rule(&path), &query, several_orgs).await?,
        proven: proven(&app, &mut tx, &known, several_orgs).await?,
        last_tp: last_true_positive(&mut tx, &of, several_orgs).await?,
        path: text::pieces(&path),
        queue: links::cases("rule", &path),
        first: when(known.iter().map(|one| one.first_ms).min().unwrap_or_default()),
        last: when(known.iter().map(|one| one.last_ms).max().unwrap_or_default()),
        about: about(&known),
        hosts_total: view::count(hosts_total),
        behaviours_total: view::count(behaviours_total),
        raw_path: path,
        hosts,
        behaviours,
        chrome,
    };
    drop(tx);
    let suggested = suggested::views(gathered, &known).await?;
    Ok(Page(Show { suggested, ..show }).into_response())
}

/// What each organisation has proven of a rule, with what would have been closed of it.
async fn proven(app: &App, tx: &mut Tx, known: &[rules::Known], several_orgs: bool) -> Result<Vec<ProvenView>> {
    let mut all = Vec::with_capacity(known.len());
    for one in known {
        let own = policies::of_rule(tx, one.rule.id).await?;
        let known = gates::of_rule(tx, one.rule.id).await?;
        let doubts = gates::doubts(tx, &known.iter().map(|gate| gate.id).collect::<Vec<_>>()).await?;
        all.push(ProvenView {
            org: if several_orgs { text::visible(&one.org) } else { String::new() },
            gates: known.iter().map(|one| gate::gate(one, &doubts)).collect(),
            mode: gate::mode(app.config.policy.of(&own).auto_close),
            board: gates::board(tx, one.rule.id, now_ms() - WINDOW_DAYS * DAY_MS).await?,
        });
    }
    Ok(all)
}

/// What the organisations say: once where they say the same.
fn about(known: &[rules::Known]) -> Vec<About> {
    let same = |one: &rules::Rule, other: &rules::Rule| rules::Rule { id: other.id, ..one.clone() } == *other;
    let mut all: Vec<(&rules::Rule, String)> = Vec::new();
    for one in known {
        match all.iter_mut().find(|(rule, _)| same(rule, &one.rule)) {
            Some((_, orgs)) => *orgs = format!("{orgs}, {}", one.org),
            None => all.push((&one.rule, one.org.clone())),
        }
    }
    let texts = |list: &[String]| list.iter().map(|text| text::visible(text)).collect::<Vec<_>>();
    let view = |(rule, orgs): (&rules::Rule, String)| About {
        orgs,
        title: text::start(&rule.title, 300),
        level: rule.level.map(words::severity),
        author: text::visible(&rule.author),
        description: text::visible(&rule.description),
        false_positives: texts(&rule.false_positives.0),
        references: rule.refs.0.iter().map(|link| (text::visible(link), text::safe_link(link))).collect(),
        tags: texts(&rule.tags.0),
        techniques: techniques(&rule.tags.0),
    };
    all.into_iter().map(view).collect()
}

fn techniques(tags: &[String]) -> Vec<(String, &'static str)> {
    let ids = technique::from_tags(tags.iter().map(String::as_str));
    ids.into_iter()
        .map(|id| {
            let name = technique::lookup(&id).map_or("", |known| known.name);
            (id, name)
        })
        .collect()
}

async fn last_true_positive(tx: &mut Tx, of: &[Of], several_orgs: bool) -> Result<Option<CaseView>> {
    let mut newest = Vec::new();
    for one in of {
        newest.extend(history::page(tx, *one, Some(Verdict::TruePositive), None, 1).await?);
    }
    history::sort(Subject::Rule, &mut newest);
    Ok(newest.first().map(|line| view::case(line, several_orgs)))
}

async fn hosts(tx: &mut Tx, of: &[Of]) -> Result<(Vec<Pointer>, i64)> {
    let (mut all, mut total) = (Vec::new(), 0);
    for one in of {
        let found = history::hosts(tx, *one, SHORT).await?;
        total += found.first().map_or(0, |host| host.total);
        all.extend(found);
    }
    Ok((view::hosts(&all, 10), total))
}

async fn behaviours(tx: &mut Tx, of: &[Of]) -> Result<(Vec<Pointer>, i64)> {
    let (mut all, mut total) = (Vec::new(), 0);
    for one in of {
        let found = history::behaviours(tx, *one, SHORT).await?;
        total += found.first().map_or(0, |behaviour| behaviour.total);
        all.extend(found);
    }
    Ok((view::behaviours(&all, 10), total))
}

/// A rule in the list.
struct Row {
    title: String,
    path: Vec<String>,
    page: String,
    org: String,
    level: Option<Sev>,
    cases: String,
    share: String,
    reviewed: String,
    true_positive: String,
    last_tp: Option<When>,
    trend: Strip,
}

#[derive(Template)]
#[template(path = "rules/index.html")]
struct Index {
    chrome: Chrome,
    q: String,
    several_orgs: bool,
    rows: Vec<Row>,
    more: Option<String>,
    later: bool,
    until: String,
}

/// `GET /rules`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(names): Asked<Names>) -> Result<Response> {
    let (q, after) = names.parts()?;
    let chrome = Chrome::of(&app, &me, "rules").await?;
    let orgs = orgs_of(&app, &me).await?;
    let mut tx = app.store.read().await?;
    let since = now_ms() - 30 * DAY_MS;
    let mut found = Vec::new();
    for org in &orgs {
        found.extend(rules::page(&mut tx, org.id, &q, after, limits::PAGE + 1, since).await?);
    }
    let (found, end) = pivot::newest(found, |one: &rules::Listed| (one.known.last_ms, one.known.rule.id));
    let more = end.map(|end| names.more("/rules", end));
    let ids: Vec<i64> = found.iter().map(|one| one.known.rule.id).collect();
    let (trends, until) = pivot::trends(&mut tx, Subject::Rule, &ids).await?;
    drop(tx);
    let rows = found.iter().zip(trends).map(|(one, trend)| row(one, trend)).collect();
    let later = !names.after.is_empty();
    Ok(Page(Index { chrome, q, several_orgs: orgs.len() > 1, rows, more, later, until }).into_response())
}

fn row(one: &rules::Listed, trend: Strip) -> Row {
    let rule = &one.known.rule;
    let reviewed = one.false_positive + one.benign_true_positive + one.true_positive;
    // Where counting stopped, the share is only near.
    let near = [one.false_positive, one.benign_true_positive, one.true_positive].iter().any(|n| *n >= history::WINDOW);
    let share = view::share(one.false_positive, reviewed);
    Row {
        title: text::start(&rule.title, 160),
        path: text::pieces(&text::start(&rule.path, 160)),
        page: links::rule(&rule.path),
        org: one.known.org.clone(),
        level: rule.level.map(words::severity),
        cases: view::count(one.cases),
        share: if near { format!("about {share}") } else { share },
        reviewed: view::count(reviewed),
        true_positive: view::count(one.true_positive),
        last_tp: one.last_tp_ms.map(when),
        trend,
    }
}
