//! The form that makes an exclusion of a case: conditions to choose, a name, a reason, an end.
use super::super::App;
use super::super::auth::SignedIn;
use super::super::form::Asked;
use super::super::page::{Chrome, Page};
use super::super::rules::suggested;
use super::super::view::{text, words};
use crate::clock::now_ms;
use crate::domain::{Role, Verdict};
use crate::error::{AppError, Result};
use crate::store::cases::{self, Case};
use crate::store::{detections, exclusions};
use crate::tuning::condition::{self, Condition, Preset};
use crate::tuning::exclusion::{self, ExclusionError, Proposal};
use crate::tuning::suggest;
use askama::Template;
use axum::extract::{RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// A condition in the form.
struct Choice {
    key: String,
    label: String,
    chosen: bool,
    specific: bool,
}

/// A preset that can be begun with.
struct Start {
    label: &'static str,
    href: String,
    current: bool,
}

/// What a person typed, or what is proposed to them.
#[derive(Debug, Default)]
struct Typed {
    chosen: Vec<String>,
    name: String,
    comment: String,
    days: String,
    /// The rule's path and the key of what the search found, where it is that.
    rule: String,
    found: String,
}

#[derive(Template)]
#[template(path = "tuning/new.html")]
struct New {
    chrome: Chrome,
    case: i64,
    title: String,
    host: String,
    decided: bool,
    verdict: words::Glyph,
    starts: Vec<Start>,
    choices: Vec<Choice>,
    typed: Typed,
    most_days: i64,
    /// The field that is wrong, and how.
    error: (String, String),
    existing: Vec<(i64, String, &'static str)>,
    detect_id: String,
    /// What the search says of the conditions, where it found them.
    found: String,
}

impl New {
    fn error_of(&self, field: &str) -> &str {
        if self.error.0 == field { &self.error.1 } else { "" }
    }
}

/// The query of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    case: i64,
    preset: String,
    /// The rule's path, where the search found something for it.
    rule: String,
    /// The key of what it found.
    found: String,
}

/// The case and what can be said about its newest detection, or what the search found.
struct Subject {
    case: Case,
    detect_id: String,
    all: Vec<Condition>,
    /// What the search says of these conditions, and the words for a name.
    found: Option<(String, String)>,
}

async fn subject(app: &App, me: &SignedIn, number: i64, typed: &Typed) -> Result<Subject> {
    me.must_be(Role::Analyst)?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    if !typed.found.is_empty() {
        let rule =
            exclusions::rule_by_path(&mut tx, case.org_id, &typed.rule).await?.ok_or(AppError::Unknown("rule"))?;
        let gathered = suggest::gather(&mut tx, case.org_id, rule, now_ms()).await?;
        drop(tx);
        let (candidate, words) = suggested::one(gathered, &typed.found, number).await?;
        let found = Some((words, candidate.pattern));
        return Ok(Subject { case, detect_id: String::new(), all: candidate.conditions, found });
    }
    let newest = detections::of_case(&mut tx, number, 1).await?.into_iter().next().ok_or(AppError::NotFound)?;
    let document = serde_json::from_str(&newest.raw).unwrap_or_default();
    Ok(Subject { case, detect_id: newest.detect_id, all: condition::of(&document), found: None })
}

/// `GET /tuning/new`
pub async fn form(me: SignedIn, State(app): State<App>, Asked(query): Asked<Query>) -> Result<Response> {
    let mut typed = Typed { rule: query.rule, found: query.found, ..Typed::default() };
    let subject = subject(&app, &me, query.case, &typed).await?;
    let presets = condition::presets(&subject.all);
    let preset = query.preset.parse().ok().or_else(|| presets.first().copied()).unwrap_or(Preset::Host);
    typed.chosen = match subject.found {
        Some(_) => subject.all.iter().map(|condition| condition.key.clone()).collect(),
        None => condition::chosen(preset, &subject.all).into_iter().map(str::to_owned).collect(),
    };
    typed.name = name(&subject, preset);
    typed.days = exclusion::USUAL_DAYS.to_string();
    page(&app, &me, subject, Some(preset), typed, (String::new(), String::new())).await
}

fn name(subject: &Subject, preset: Preset) -> String {
    let day = words::when(now_ms()).date().replace('-', "");
    if let Some((_, pattern)) = &subject.found {
        return condition::name(&subject.case.title, pattern, &day);
    }
    let own = |key: &str| subject.all.iter().find(|condition| condition.key == key);
    let key = if preset == Preset::Parent { "parent_name" } else { "name" };
    let image = own(key).or_else(|| own("name")).and_then(|condition| condition.rule["value"].as_str());
    let pattern = match preset {
        Preset::Host => subject.case.hostname.as_str(),
        _ => image.unwrap_or(preset.as_str()),
    };
    let kind = if preset == Preset::Parent { String::new() } else { format!(" {preset}") };
    condition::name(&subject.case.title, &format!("{pattern}{kind}"), &day)
}

async fn page(
    app: &App,
    me: &SignedIn,
    subject: Subject,
    preset: Option<Preset>,
    typed: Typed,
    error: (String, String),
) -> Result<Response> {
    let number = subject.case.number;
    let start = |one: Preset| Start {
        label: one.label(),
        href: format!("/tuning/new?case={number}&preset={one}"),
        current: preset == Some(one),
    };
    let mut tx = app.store.read().await?;
    let existing = exclusions::of_case(&mut tx, number).await?;
    drop(tx);
    let now = now_ms();
    let new = New {
        chrome: Chrome::of(app, me, "tuning").await?,
        case: number,
        title: text::start(&subject.case.title, 200),
        host: text::start(&subject.case.hostname, 80),
        decided: subject.case.verdict != Verdict::Pending,
        verdict: words::person(subject.case.verdict),
        starts: if subject.found.is_some() {
            Vec::new()
        } else {
            condition::presets(&subject.all).into_iter().map(start).collect()
        },
        choices: subject.all.iter().map(|condition| choice(condition, &typed)).collect(),
        existing: existing.into_iter().map(|x| (x.id, x.name.clone(), x.state_at(now).label())).collect(),
        most_days: exclusion::MOST_DAYS,
        detect_id: text::start(&subject.detect_id, 80),
        found: subject.found.map(|found| found.0).unwrap_or_default(),
        typed,
        error,
    };
    Ok(Page(new).into_response())
}

fn choice(condition: &Condition, typed: &Typed) -> Choice {
    Choice {
        label: text::start(&condition.label, 400),
        chosen: typed.chosen.contains(&condition.key),
        specific: condition.specific,
        key: condition.key.clone(),
    }
}

/// `POST /tuning`
pub async fn create(me: SignedIn, State(app): State<App>, RawForm(form): RawForm) -> Result<Response> {
    let (number, typed) = typed(&form)?;
    let subject = subject(&app, &me, number, &typed).await?;
    // What the search found is proposed whole: without one of its conditions it may hide what must be kept.
    let whole = subject.found.is_some();
    let chosen: Vec<&Condition> =
        subject.all.iter().filter(|condition| whole || typed.chosen.contains(&condition.key)).collect();
    let mut tx = app.store.write().await?;
    let days = typed.days.trim().parse().ok();
    let proposal = Proposal { name: typed.name.trim(), comment: &typed.comment, days, chosen: &chosen };
    let done = exclusion::propose(&mut tx, &me.actor(), &subject.case, &proposal, now_ms()).await;
    let (status, error) = match done {
        Ok(id) => {
            tx.commit().await?;
            app.wake.notify_waiters();
            return Ok(Redirect::to(&format!("/tuning/{id}")).into_response());
        }
        Err(ExclusionError::Store(error)) => return Err(error.into()),
        Err(ExclusionError::Refused(text)) => (StatusCode::CONFLICT, (String::new(), text)),
        Err(ExclusionError::Invalid { field, text }) => (StatusCode::UNPROCESSABLE_ENTITY, (field.to_owned(), text)),
    };
    drop(tx);
    let mut response = page(&app, &me, subject, None, typed, error).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// The fields of the form; the conditions are one field many times.
fn typed(form: &[u8]) -> Result<(i64, Typed)> {
    let (mut case, mut typed) = (0, Typed::default());
    for (field, value) in form_urlencoded::parse(form) {
        if value.contains('\0') {
            let text = "a field holds a NUL character".to_owned();
            return Err(AppError::Invalid { field: "form".to_owned(), text });
        }
        let value = value.into_owned();
        match field.as_ref() {
            "case" => case = value.parse().unwrap_or_default(),
            "condition" => typed.chosen.push(value),
            "name" => typed.name = value,
            "comment" => typed.comment = value,
            "days" => typed.days = value,
            "rule" => typed.rule = value,
            "found" => typed.found = value,
            _ => {}
        }
    }
    Ok((case, typed))
}
