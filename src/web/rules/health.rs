//! How rules fare: the list, and each rule's own figures for its page.
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::orgs::Org;
use crate::store::rules::health::{self, MOST, RULES};
use crate::store::{Tx, rules};
use crate::web::App;
use crate::web::auth::{SignedIn, orgs_of};
use crate::web::form::Asked;
use crate::web::page::{Chrome, Page};
use crate::web::view::health::{HealthView, view};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

/// Rules that are shown.
const SHOWN: usize = 100;

/// The orders: a word, and what it is called.
const SORTS: [(&str, &str); 3] =
    [("volume", "Most detections"), ("share", "Surest false positives"), ("time", "Longest until declared")];

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    sort: String,
}

#[derive(Template)]
#[template(path = "rules/health.html")]
struct Index {
    chrome: Chrome,
    several_orgs: bool,
    sorts: Vec<(&'static str, &'static str, bool)>,
    rows: Vec<HealthView>,
    /// How many rules there are.
    all: usize,
    most: i64,
    /// So many of a rule's newest reviewed cases are looked at.
    newest: i64,
}

/// `GET /rules/health`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "rules").await?;
    let orgs = orgs_of(&app, &me).await?;
    let mut tx = app.store.read().await?;
    let mut rows = of_orgs(&mut tx, &orgs).await?;
    drop(tx);
    let sort = order(&mut rows, &query.sort)?;
    let all = rows.len();
    rows.truncate(SHOWN);
    let sorts = SORTS.map(|(word, label)| (word, label, word == sort)).to_vec();
    Ok(Page(Index { chrome, several_orgs: orgs.len() > 1, sorts, rows, all, most: RULES, newest: MOST })
        .into_response())
}

/// Puts rules into the wanted order, by volume where none is; returns its word.
pub fn order(rows: &mut [HealthView], sort: &str) -> Result<&'static str> {
    let wanted = if sort.is_empty() { SORTS[0].0 } else { sort };
    let known = SORTS.iter().find(|(word, _)| *word == wanted);
    let (word, _) =
        known.ok_or_else(|| AppError::BadRequest("sort: must be volume, share, time or left out".to_owned()))?;
    rows.sort_by_key(|row| {
        let (volume, share, time) = row.order;
        let key = match *word {
            "share" => share,
            "time" => time,
            _ => volume,
        };
        std::cmp::Reverse((key, volume))
    });
    Ok(word)
}

/// The rules of organisations, last active first.
pub async fn of_orgs(tx: &mut Tx, orgs: &[Org]) -> Result<Vec<HealthView>> {
    let (now, mut rows) = (now_ms(), Vec::new());
    for org in orgs {
        let found = health::of_org(tx, org.id, now).await?;
        rows.extend(found.iter().map(|one| view(one, now)));
    }
    Ok(rows)
}

/// A rule in each organisation that has it.
pub(super) async fn of_known(tx: &mut Tx, known: &[rules::Known]) -> Result<Vec<HealthView>> {
    let (now, mut all) = (now_ms(), Vec::with_capacity(known.len()));
    for one in known {
        all.push(view(&health::of_rule(tx, one.rule.id, now).await?, now));
    }
    Ok(all)
}
