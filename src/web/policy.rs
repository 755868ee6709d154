//! The policy of organisations: what the machine may do in each, for leads; whether its data may leave, for admins.
mod cloud;
mod patterns;
mod preview;
mod told;

pub use cloud::cloud;
pub use preview::preview;

use self::patterns::{pattern, rules};
use self::told::said;
use super::App;
use super::auth::SignedIn;
use super::form::{Fields, Named};
use super::page::{Chrome, Page};
use super::view::policy::{self as view, Row, percent};
use super::view::preview::Said;
use super::view::text::visible;
use crate::clock::now_ms;
use crate::config::Policy;
use crate::domain::{AutoClose, Severity};
use crate::error::{AppError, Result};
use crate::limits;
use crate::review::gate;
use crate::store::policies::{self, OfOrg, Own};
use crate::store::record::{Entry, audit};
use crate::store::{JsonText, Tx};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// An organisation.
struct OrgView {
    slug: String,
    name: String,
    rows: Vec<Row>,
    form: Form,
    /// Whether the form holds what was typed and not saved.
    open: bool,
    /// What the typed change would have done.
    said: Vec<Said>,
    version: i64,
    /// Whether an admin has allowed it for this organisation.
    cloud: bool,
}

/// What could not be saved: of which organisation, the field, why.
#[derive(Debug, Default)]
struct Wrong {
    org: String,
    field: &'static str,
    text: String,
}

/// What was typed for an organisation and is not saved.
struct Tried {
    org: String,
    form: Form,
    /// What it would have done, where that was asked.
    said: Vec<Said>,
}

#[derive(Template)]
#[template(path = "admin/policy.html")]
struct Index {
    chrome: Chrome,
    orgs: Vec<OrgView>,
    /// What is as far as automatic closing may go.
    ceiling: AutoClose,
    /// Whether the settings file lets everybody's data leave.
    cloud_everywhere: bool,
    wrong: Wrong,
}

impl Index {
    fn is_wrong(&self, org: &str, field: &str) -> bool {
        self.wrong.org == org && self.wrong.field == field
    }
}

/// `GET /admin/policy`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, None, (StatusCode::OK, Wrong::default())).await
}

async fn page(
    app: &App,
    me: &SignedIn,
    tried: Option<Tried>,
    (status, wrong): (StatusCode, Wrong),
) -> Result<Response> {
    let chrome = Chrome::of(app, me, "policy").await?;
    let usual = &app.config.policy;
    let all = policies::of_user(&mut app.store.read().await?, me.user.id).await?;
    let orgs = all.into_iter().map(|one| {
        let tried = tried.as_ref().filter(|tried| tried.org == one.slug);
        OrgView {
            rows: view::rows(usual, &one.own),
            form: tried.map_or_else(|| Form::of(&one.own), |tried| tried.form.clone()),
            open: tried.is_some(),
            said: tried.map(|tried| tried.said.clone()).unwrap_or_default(),
            version: one.own.version,
            cloud: one.own.cloud_allowed,
            name: visible(&one.name),
            slug: one.slug,
        }
    });
    let orgs = orgs.collect();
    let (ceiling, cloud_everywhere) = (usual.auto_close, usual.cloud_allowed);
    Ok((status, Page(Index { chrome, orgs, ceiling, cloud_everywhere, wrong })).into_response())
}

/// The policy of an organisation as it was typed; empty for what the settings file says, shares in percent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Form {
    auto_close: String,
    limit: String,
    review_share: String,
    /// Empty, `true` or `false`.
    blind_first: String,
    veto_severity: String,
    /// Empty, `none`, or `own` for those in `veto_tags`.
    tags: String,
    veto_tags: String,
    veto_rules: String,
    version: i64,
}

impl Form {
    fn of(own: &Own) -> Self {
        let tags = own.veto_tags.as_ref().map(|tags| tags.0.as_slice());
        Self {
            auto_close: own.auto_close.map(AutoClose::as_str).unwrap_or_default().to_owned(),
            limit: own.limit.map(percent).unwrap_or_default(),
            review_share: own.review_share.map(percent).unwrap_or_default(),
            blind_first: own.blind_first.map(|first| first.to_string()).unwrap_or_default(),
            veto_severity: own.veto_severity.map(Severity::as_str).unwrap_or_default().to_owned(),
            tags: tags.map_or("", |tags| if tags.is_empty() { "none" } else { "own" }).to_owned(),
            veto_tags: tags.unwrap_or_default().join("\n"),
            veto_rules: own.veto_rules.as_ref().map(|rules| rules.0.join("\n")).unwrap_or_default(),
            version: own.version,
        }
    }

    /// What was typed, or the field that is wrong and why.
    fn read(&self, usual: &Policy, before: &Own) -> std::result::Result<Own, (&'static str, String)> {
        let chosen = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let auto_close = chosen(&self.auto_close).map(|word| word.parse::<AutoClose>());
        let auto_close =
            auto_close.transpose().map_err(|unknown| ("auto_close", format!("Automatic closing: {unknown}.")))?;
        // What was set under a higher ceiling may stay as it is: it does not count for more than the ceiling.
        if auto_close.is_some_and(|wish| wish > usual.auto_close) && auto_close != before.auto_close {
            let most = usual.auto_close.label().to_lowercase();
            return Err((
                "auto_close",
                format!("Automatic closing: the settings file allows no more than \"{most}\"."),
            ));
        }
        let severity = chosen(&self.veto_severity).map(|word| word.parse::<Severity>()).transpose();
        Ok(Own {
            auto_close,
            limit: share(&self.limit, before.limit, 0.0, 10.0)
                .map_err(|why| ("limit", format!("Missed true positives: {why}")))?,
            review_share: share(&self.review_share, before.review_share, 1.0, 100.0)
                .map_err(|why| ("review_share", format!("Blind review: {why}")))?,
            blind_first: chosen(&self.blind_first)
                .map(|word| word.parse::<bool>())
                .transpose()
                .map_err(|_| ("blind_first", "Blind first: choose one of the list.".to_owned()))?,
            veto_severity: severity.map_err(|unknown| ("veto_severity", format!("Severity veto: {unknown}.")))?,
            veto_tags: self.patterns().map_err(|why| ("veto_tags", format!("Tag veto: {why}")))?.map(JsonText),
            veto_rules: rules(&self.veto_rules)
                .map_err(|why| ("veto_rules", format!("Rule veto: {why}")))?
                .map(JsonText),
            cloud_allowed: before.cloud_allowed,
            version: self.version,
        })
    }

    fn patterns(&self) -> std::result::Result<Option<Vec<String>>, String> {
        let lines = self.veto_tags.lines().map(str::trim).filter(|line| !line.is_empty());
        match self.tags.as_str() {
            "" => return Ok(None),
            "none" => return Ok(Some(Vec::new())),
            "own" => {}
            _ => return Err("choose one of the list.".to_owned()),
        }
        let mut all: Vec<String> = Vec::new();
        for line in lines {
            if !all.iter().any(|known| known.eq_ignore_ascii_case(line)) {
                all.push(pattern(line)?);
            }
        }
        match all.len() {
            0 => Err("write at least one pattern, or choose \"no tag\".".to_owned()),
            len if len > limits::VETO_TAGS => Err(format!("at most {} patterns.", limits::VETO_TAGS)),
            _ => Ok(Some(all)),
        }
    }
}

/// A share that was typed in percent; what stands there already stays exactly as it is.
fn share(text: &str, before: Option<f64>, least: f64, most: f64) -> std::result::Result<Option<f64>, String> {
    let text = text.trim().trim_end_matches('%').trim_end();
    if text.is_empty() || before.is_some_and(|before| percent(before) == text) {
        return Ok(before.filter(|_| !text.is_empty()));
    }
    let typed = text.replace(',', ".").parse::<f64>().ok().filter(|typed| (least..=most).contains(typed));
    typed.map(|typed| Some(typed / 100.0)).ok_or_else(|| format!("a number of percent between {least} and {most}."))
}

/// One of a person's organisations.
async fn find(tx: &mut Tx, me: &SignedIn, parts: &[String]) -> Result<OfOrg> {
    let all = policies::of_user(tx, me.user.id).await?;
    all.into_iter().find(|one| Some(&one.slug) == parts.first()).ok_or(AppError::Unknown("organisation"))
}

/// The page with what was typed, and why it was not saved.
async fn unsaved(
    app: &App,
    me: &SignedIn,
    form: Form,
    status: StatusCode,
    (org, field, text): (String, &'static str, String),
) -> Result<Response> {
    let tried = Tried { org: org.clone(), form, said: Vec::new() };
    page(app, me, Some(tried), (status, Wrong { org, field, text })).await
}

const STALE: &str = "Somebody changed this policy meanwhile. Yours was not saved and still stands below.";

/// `POST /admin/policy/{org}`
pub async fn change(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<Form>,
) -> Result<Response> {
    let mut tx = app.store.write().await?;
    let OfOrg { id, slug, own: before, .. } = find(&mut tx, &me, &parts).await?;
    let to = match form.read(&app.config.policy, &before) {
        Ok(to) => to,
        Err((field, text)) => {
            drop(tx);
            return unsaved(&app, &me, form, StatusCode::UNPROCESSABLE_ENTITY, (slug, field, text)).await;
        }
    };
    if (Own { version: before.version, ..to.clone() }) == before {
        return Ok(Redirect::to("/admin/policy").into_response());
    }
    if to.version != before.version || policies::set(&mut tx, id, &to).await? == 0 {
        drop(tx);
        return unsaved(&app, &me, form, StatusCode::CONFLICT, (slug, "", STALE.to_owned())).await;
    }
    let object = format!("org:{slug}");
    for (old, new) in said(&before).into_iter().zip(said(&to)).filter(|(old, new)| old != new) {
        let entry = Entry { action: "policy", object: &object, old: &old, new: &new };
        audit(&mut tx, &me.actor(), Some(id), &entry, now_ms()).await?;
    }
    // A lower limit shuts what it no longer lets through, and vetoes that let more through shut all, at once.
    gate::policy_is(&mut tx, id, &app.config.policy.of(&to), now_ms()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/policy").into_response())
}
