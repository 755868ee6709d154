//! Templates of tasks, for leads: what a case of a rule, a technique or a severity asks for.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::form::{Fields, Named};
use super::page::{Chrome, Page};
use super::view::text::visible;
use crate::clock::now_ms;
use crate::domain::template::Fits;
use crate::domain::{Role, Severity, technique};
use crate::error::{AppError, Result};
use crate::store::orgs::Org;
use crate::store::record::{Entry, audit};
use crate::store::templates::{self, Template as Stored};
use crate::store::{JsonText, Tx, idempotency};
use crate::{limits, review};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// When one is applied by itself: the word in the column and on the page.
const AUTO: &[(&str, &str)] = &[
    ("", "when somebody applies it"),
    ("opened", "when a case is opened"),
    ("true_positive", "when a true positive is declared"),
];

/// A template, and where it stands to be changed.
struct Line {
    id: i64,
    name: String,
    /// What it fits, of which organisation, and when it is applied.
    about: String,
    tasks: Vec<String>,
    version: i64,
    form: Form,
}

fn line(org: &Org, one: Stored) -> Line {
    let auto = AUTO.iter().find(|(word, _)| *word == one.auto).map_or("", |(_, label)| label);
    let fits = [one.fits.label(), &visible(&one.value)].join(" ");
    Line {
        id: one.id,
        name: one.name.clone(),
        about: format!("{}, {}, applied {auto}", org.slug, fits.trim_end()),
        tasks: one.lines.0.clone(),
        version: one.version,
        form: Form {
            name: one.name,
            fits: one.fits.to_string(),
            value: one.value,
            lines: one.lines.0.join("\n"),
            auto: one.auto,
            ..Form::default()
        },
    }
}

#[derive(Template)]
#[template(path = "admin/templates.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    orgs: Vec<Org>,
    /// What could not be saved, with its id; 0 where it is new.
    typed: Form,
    typed_id: i64,
    blank: Form,
    problem: String,
    key: String,
}

impl Index {
    /// What stands in the form of a template, or with 0 of a new one: what was typed there, or what is stored.
    fn form(&self, id: impl std::borrow::Borrow<i64>) -> &Form {
        let id = *id.borrow();
        let stored = self.lines.iter().find(|line| line.id == id).map_or(&self.blank, |line| &line.form);
        if self.typed_id == id { &self.typed } else { stored }
    }
}

/// `GET /admin/templates`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, (Form::default(), 0), (StatusCode::OK, String::new())).await
}

async fn page(
    app: &App,
    me: &SignedIn,
    (typed, typed_id): (Form, i64),
    (status, problem): (StatusCode, String),
) -> Result<Response> {
    me.must_be(Role::Lead)?;
    let chrome = Chrome::of(app, me, "templates").await?;
    let orgs = orgs_of(app, me).await?;
    let mut tx = app.store.read().await?;
    let mut lines = Vec::new();
    for org in &orgs {
        lines.extend(templates::of_org(&mut tx, org.id).await?.into_iter().map(|one| line(org, one)));
    }
    let key = hex::encode(rand::random::<[u8; 8]>());
    Ok((status, Page(Index { chrome, lines, orgs, typed, typed_id, blank: Form::default(), problem, key }))
        .into_response())
}

/// A template as it was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    org: String,
    name: String,
    fits: String,
    value: String,
    lines: String,
    auto: String,
    version: i64,
    idempotency_key: String,
}

/// The template that was typed, or what is wrong with it.
fn read(form: &Form, org_id: i64, id: i64) -> Result<Stored, String> {
    let name = form.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > limits::TEMPLATE_NAME || name.chars().any(char::is_control) {
        return Err(format!("Name: 1 to {} visible characters.", limits::TEMPLATE_NAME));
    }
    let fits: Fits = form.fits.parse().map_err(|unknown: crate::domain::UnknownWord| format!("Fits: {unknown}."))?;
    let value = form.value.trim();
    let value = match fits {
        Fits::TruePositive => String::new(),
        Fits::Technique => technique::parse(value).ok_or("Value: an ATT&CK technique such as T1059 or T1059.001.")?,
        Fits::Severity => {
            value.to_lowercase().parse::<Severity>().map_err(|unknown| format!("Value: {unknown}."))?.to_string()
        }
        Fits::Rule if value.is_empty() || value.chars().count() > 500 => {
            return Err("Value: the rule's path.".to_owned());
        }
        Fits::Rule => value.to_owned(),
    };
    let lines: Result<Vec<String>, String> =
        form.lines.lines().filter(|line| !line.trim().is_empty()).map(review::line).collect();
    let lines = lines.map_err(|problem| format!("Tasks: {problem}"))?;
    if lines.is_empty() || lines.len() > limits::TEMPLATE_TASKS {
        return Err(format!("Tasks: 1 to {}, one a line.", limits::TEMPLATE_TASKS));
    }
    if !AUTO.iter().any(|(word, _)| *word == form.auto) {
        return Err("Applied: choose one of the list.".to_owned());
    }
    if fits == Fits::TruePositive && form.auto == "opened" {
        return Err("Applied: no case is a true positive when it is opened.".to_owned());
    }
    Ok(Stored { id, org_id, name, fits, value, lines: JsonText(lines), auto: form.auto.clone(), version: form.version })
}

fn org_of<'a>(orgs: &'a [Org], slug: &str) -> Result<&'a Org> {
    let only = if slug.is_empty() && orgs.len() == 1 { orgs.first() } else { None };
    only.or_else(|| orgs.iter().find(|org| org.slug == slug)).ok_or(AppError::Unknown("organisation"))
}

/// `POST /admin/templates`
pub async fn create(me: SignedIn, State(app): State<App>, Fields(form): Fields<Form>) -> Result<Response> {
    me.must_be(Role::Lead)?;
    let orgs = orgs_of(&app, &me).await?;
    let org = org_of(&orgs, &form.org)?;
    let mut tx = app.store.write().await?;
    let token = format!("template/{}", form.idempotency_key.chars().take(100).collect::<String>());
    if !form.idempotency_key.is_empty() && !idempotency::take(&mut tx, me.user.id, &token, now_ms()).await? {
        return Ok(Redirect::to("/admin/templates").into_response());
    }
    let full = templates::of_org(&mut tx, org.id).await?.len() >= limits::TEMPLATES;
    let full = full.then(|| format!("An organisation has at most {} templates.", limits::TEMPLATES));
    let new = match full.map_or_else(|| read(&form, org.id, 0), Err) {
        Ok(new) => new,
        Err(problem) => {
            drop(tx);
            return page(&app, &me, (form, 0), (StatusCode::UNPROCESSABLE_ENTITY, problem)).await;
        }
    };
    let id = templates::insert(&mut tx, &new).await?;
    note(&mut tx, &me, (org.id, id), ("template_added", "", &said(&new))).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/templates").into_response())
}

/// A template for the ledger.
fn said(one: &Stored) -> String {
    format!("{}: {} {} {} {}", one.name, one.fits, one.value, one.auto, one.lines.0.join("; "))
}

async fn note(
    tx: &mut Tx,
    me: &SignedIn,
    (org_id, id): (i64, i64),
    (action, old, new): (&str, &str, &str),
) -> Result<()> {
    let object = format!("template:{id}");
    Ok(audit(tx, &me.actor(), Some(org_id), &Entry { action, object: &object, old, new }, now_ms()).await?)
}

/// The template of an address, where one of the person's organisations has it.
async fn find(app: &App, me: &SignedIn, tx: &mut Tx, parts: &[String]) -> Result<Stored> {
    me.must_be(Role::Lead)?;
    let id: i64 = parts.first().and_then(|id| id.parse().ok()).ok_or(AppError::Unknown("template"))?;
    for org in orgs_of(app, me).await? {
        if let Some(found) = templates::of_org(tx, org.id).await?.into_iter().find(|one| one.id == id) {
            return Ok(found);
        }
    }
    Err(AppError::Unknown("template"))
}

/// `POST /admin/templates/{id}`
pub async fn change(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<Form>,
) -> Result<Response> {
    let before = find(&app, &me, &mut app.store.read().await?, &parts).await?;
    let to = match read(&form, before.org_id, before.id) {
        Ok(to) => to,
        Err(problem) => {
            let refused = (StatusCode::UNPROCESSABLE_ENTITY, problem);
            return page(&app, &me, (form, before.id), refused).await;
        }
    };
    let mut tx = app.store.write().await?;
    let same = Stored { version: before.version, ..to.clone() } == before;
    if same {
        return Ok(Redirect::to("/admin/templates").into_response());
    }
    if templates::change(&mut tx, &to).await? == 0 {
        drop(tx);
        let text = "Somebody changed this template meanwhile. Yours was not saved and still stands below.".to_owned();
        return page(&app, &me, (form, before.id), (StatusCode::CONFLICT, text)).await;
    }
    note(&mut tx, &me, (to.org_id, to.id), ("template_changed", &said(&before), &said(&to))).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/templates").into_response())
}

/// `POST /admin/templates/{id}/remove`
pub async fn remove(me: SignedIn, State(app): State<App>, Named(parts): Named) -> Result<Response> {
    let before = find(&app, &me, &mut app.store.read().await?, &parts).await?;
    let mut tx = app.store.write().await?;
    if templates::remove(&mut tx, before.org_id, before.id, now_ms()).await? > 0 {
        note(&mut tx, &me, (before.org_id, before.id), ("template_removed", &said(&before), "")).await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/admin/templates").into_response())
}
