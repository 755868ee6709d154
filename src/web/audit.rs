//! The audit log for admins: who did what, when and from where, and what was denied or failed.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::csv;
use super::form::Asked;
use super::page::{Chrome, Page};
use super::view::moments::stretch;
use super::view::text::{start, visible};
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits::PAGE;
use crate::store::ledger::{self, Filter, Line};
use crate::store::orgs::Org;
use crate::store::queue::Stretch;
use crate::store::record::{Ended, Entry, audit};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use std::sync::Arc;

/// Characters of a value that a row shows at once.
const VALUE: usize = 200;
/// Lines that the export reads in one go.
const AT_ONCE: i64 = 1_000;

/// What is asked for; empty texts don't filter.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    who: String,
    what: String,
    object: String,
    org: String,
    result: String,
    /// `all` with what the machine did.
    by: String,
    from: String,
    to: String,
    after: String,
}

impl Query {
    fn filter(&self) -> Result<(Filter<'_>, Stretch)> {
        let result = match self.result.as_str() {
            "" => None,
            word => {
                Some(word.parse().map_err(|_| AppError::BadRequest("result: must be ok, denied or failed".into()))?)
            }
        };
        if !matches!(self.by.as_str(), "" | "all") {
            return Err(AppError::BadRequest("by: must be all or empty".to_owned()));
        }
        let texts = [&self.who, &self.what, &self.object, &self.org];
        if texts.iter().any(|text| text.contains('\0')) {
            return Err(AppError::BadRequest("A filter holds a NUL character.".to_owned()));
        }
        let time = format!("{}..{}", self.from.trim(), self.to.trim());
        let time = if time == ".." { Stretch::default() } else { stretch("from and to", &time)? };
        let filter = Filter {
            actor: self.who.trim(),
            action: self.what.trim(),
            object: self.object.trim(),
            org: &self.org,
            result,
            machine: self.by == "all",
            from_ms: time.from,
        };
        Ok((filter, time))
    }

    /// The place before which the page begins.
    fn place(&self, time: Stretch) -> Result<(i64, i64)> {
        if self.after.is_empty() {
            // Nothing that happens at the end of the stretch belongs to it.
            return Ok((time.to, i64::MIN));
        }
        let place = self.after.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
        place.ok_or_else(|| AppError::BadRequest("after: is no place in this list".to_owned()))
    }

    /// Parameters that filter.
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("who", &self.who),
            ("what", &self.what),
            ("object", &self.object),
            ("org", &self.org),
            ("result", &self.result),
            ("by", &self.by),
            ("from", &self.from),
            ("to", &self.to),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str())).collect()
    }

    fn address(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs()).extend_pairs(more);
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// A number alone is a case.
    fn read(mut self) -> Self {
        let number = self.object.trim().trim_start_matches('#');
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            self.object = format!("case:{number}");
        }
        self
    }
}

/// A line as the page shows it.
struct Row {
    at: When,
    who: String,
    kind: &'static str,
    client: String,
    action: String,
    object: String,
    /// Where its object is.
    page: Option<String>,
    org: String,
    old: String,
    new: String,
    request_id: String,
    result: Ended,
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct Index {
    chrome: Chrome,
    rows: Vec<Row>,
    query: Query,
    orgs: Vec<Org>,
    export: String,
    first: String,
    more: Option<String>,
    filtered: bool,
}

fn row(line: &Line) -> Row {
    Row {
        at: when(line.at_ms),
        who: visible(&line.actor),
        kind: line.actor_kind.label(),
        client: visible(&line.client),
        action: visible(&line.action),
        page: page_of(&line.object),
        object: start(&line.object, VALUE),
        org: visible(&line.org),
        old: start(&line.old_value, VALUE),
        new: start(&line.new_value, VALUE),
        request_id: visible(&line.request_id),
        result: line.result,
    }
}

/// The page of an object that has one.
fn page_of(object: &str) -> Option<String> {
    let (kind, id) = object.split_once(':')?;
    let id: i64 = id.parse().ok()?;
    match kind {
        "case" => Some(format!("/cases/{id}")),
        "bulk" => Some(format!("/cases/bulk/{id}")),
        "trial" => Some(format!("/models/trials/{id}")),
        _ => None,
    }
}

/// `GET /admin/audit`
pub async fn index(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let query = query.read();
    let (filter, time) = query.filter()?;
    let chrome = Chrome::of(&app, &me, "audit").await?;
    let orgs = orgs_of(&app, &me).await?;
    let mut lines =
        ledger::page(&mut app.store.read().await?, me.user.id, &filter, query.place(time)?, PAGE + 1).await?;
    let full = i64::try_from(lines.len()).is_ok_and(|count| count > PAGE);
    if full {
        lines.pop();
    }
    let last = lines.last().filter(|_| full).map(|line| format!("{}.{}", line.at_ms, line.id));
    let more = last.map(|last| query.address("/admin/audit", &[("after", &last)]));
    let (first, filtered) = (query.address("/admin/audit", &[]), !query.pairs().is_empty());
    let export = query.address("/admin/audit/export", &[]);
    let rows = lines.iter().map(row).collect();
    Ok(Page(Index { chrome, rows, query, orgs, export, first, more, filtered }).into_response())
}

/// `GET /admin/audit/export`: the same lines as CSV, and that they were taken is one of the next.
pub async fn export(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let query = query.read();
    let first = query.place(query.filter()?.1)?;
    let mut tx = app.store.write().await?;
    let taken = query.address("", &[]);
    let entry = Entry { action: "exported", object: "ledger", old: "", new: &start(&taken, VALUE) };
    audit(&mut tx, &me.actor(), None, &entry, now_ms()).await?;
    tx.commit().await?;
    let (store, user, query) = (app.store.clone(), me.user.id, Arc::new(query));
    let pages = stream::try_unfold(first, move |place| {
        let (store, query) = (store.clone(), Arc::clone(&query));
        async move {
            let (filter, _) = query.filter()?;
            let lines = ledger::page(&mut store.read().await?, user, &filter, place, AT_ONCE).await?;
            let last = lines.last().map(|last| (last.at_ms, last.id));
            Ok(last.map(|last| (lines.iter().map(csv_row).collect(), last)))
        }
    });
    csv::table("audit.csv", &HEAD, pages)
}

/// The columns of the export.
const HEAD: [&str; 11] =
    ["at", "result", "actor_kind", "actor", "client", "action", "object", "org", "old", "new", "request_id"];

fn csv_row(line: &Line) -> csv::Row {
    let cells = [
        &when(line.at_ms).iso,
        line.result.as_str(),
        line.actor_kind.as_str(),
        &line.actor,
        &line.client,
        &line.action,
        &line.object,
        &line.org,
        &line.old_value,
        &line.new_value,
        &line.request_id,
    ];
    cells.map(|cell| csv::Cell::Text(cell.to_owned())).to_vec()
}
