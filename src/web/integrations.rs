//! Integrations: who is told of what, how each channel and intelligence provider fares, and what was told.
use super::App;
use super::auth::{SignedIn, orgs_of};
use super::connections::{self, Connection};
use super::form::Fields;
use super::keys::{self, KeyView};
use super::page::{Chrome, Page};
use super::providers::{self, ProviderView};
use super::sources::{self, SourceView};
use super::view::text::{start, visible};
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::notify::{self, Channel};
use crate::store::notifications::{self, Delivery, Fared, Notification};
use crate::store::orgs::Org;
use crate::store::record::{Entry, audit};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Notifications on the page.
const SHOWN: i64 = 100;

struct ChannelView {
    name: &'static str,
    target: String,
    orgs: String,
    sent: Option<When>,
    /// Why it failed and when, where that is the newest thing known of it.
    trouble: Option<(String, When)>,
    waiting: i64,
}

struct Line {
    id: i64,
    at: When,
    kind: &'static str,
    case: Option<i64>,
    title: String,
    channel: String,
    state: &'static str,
    failed: bool,
    attempts: i64,
    error: String,
    sent: Option<When>,
    next: Option<When>,
}

#[derive(Template)]
#[template(path = "admin/integrations.html")]
struct Index {
    chrome: Chrome,
    channels: Vec<ChannelView>,
    lines: Vec<Line>,
    connections: Vec<Connection>,
    providers: Vec<ProviderView>,
    /// Whether URLs may leave.
    urls: bool,
    /// The address that people and LimaCharlie use.
    address: String,
    keys: Vec<KeyView>,
    sources: Vec<SourceView>,
    /// The person's organisations.
    own: Vec<Org>,
    problem: String,
}

/// `GET /admin/integrations`
pub async fn index(me: SignedIn, State(app): State<App>) -> Result<Response> {
    page(&app, &me, "", (StatusCode::OK, String::new())).await
}

/// `POST /admin/integrations/limacharlie`: asks LimaCharlie what an organisation's key may do.
pub async fn ask(me: SignedIn, State(app): State<App>, Fields(form): Fields<Named>) -> Result<Response> {
    page(&app, &me, &form.name, (StatusCode::OK, String::new())).await
}

/// The page with what is wrong with a form of it. A secret is not given back.
pub async fn refused(app: &App, me: &SignedIn, why: (StatusCode, String)) -> Result<Response> {
    page(app, me, "", why).await
}

async fn page(app: &App, me: &SignedIn, ask: &str, (status, problem): (StatusCode, String)) -> Result<Response> {
    let chrome = Chrome::of(app, me, "integrations").await?;
    let mut tx = app.store.read().await?;
    let (fared, waiting) = (notifications::channels(&mut tx).await?, notifications::waiting(&mut tx).await?);
    let lines = notifications::newest(&mut tx, me.user.id, SHOWN).await?.iter().map(line).collect();
    let waits = |name: &str| waiting.iter().find(|(channel, _)| channel == name).map_or(0, |(_, count)| *count);
    let channels = app.notify.all.iter().map(|channel| {
        let name = channel.notifier.name();
        view(channel, fared.iter().find(|fared| fared.name == name), waits(name))
    });
    let channels = channels.collect();
    drop(tx);
    let (connections, address) = (connections::all(app, me, ask).await?, app.config.public_url());
    let (providers, urls) = (providers::all(app).await?, app.intel.settings.urls);
    let (keys, sources, own) = (keys::all(app, me).await?, sources::all(app, me).await?, orgs_of(app, me).await?);
    let page = Index { chrome, channels, lines, connections, providers, urls, address, keys, sources, own, problem };
    Ok((status, Page(page)).into_response())
}

/// When a channel last worked, and why and when it failed where that is the newest thing known of it.
pub(super) fn fares(fared: Option<&Fared>) -> (Option<When>, Option<(String, When)>) {
    let sent_ms = fared.and_then(|fared| fared.sent_ms);
    let trouble = fared.and_then(|fared| fared.error_ms.map(|at| (visible(&fared.error), at)));
    let trouble = trouble.filter(|(_, at)| Some(*at) > sent_ms).map(|(error, at)| (error, when(at)));
    (sent_ms.map(when), trouble)
}

fn view(channel: &Channel, fared: Option<&Fared>, waiting: i64) -> ChannelView {
    let (sent, trouble) = fares(fared);
    ChannelView {
        name: channel.notifier.name(),
        target: visible(&channel.notifier.target()),
        orgs: channel.orgs.join(", "),
        sent,
        trouble,
        waiting,
    }
}

fn line(one: &Notification) -> Line {
    Line {
        id: one.id,
        at: when(one.created_ms),
        kind: one.kind.label(),
        case: one.facts.0.case,
        title: start(&one.facts.0.title, 120),
        channel: visible(&one.channel),
        state: one.state.label(),
        failed: one.state == Delivery::Failed,
        attempts: one.attempts,
        error: visible(&one.error),
        sent: one.sent_ms.map(when),
        next: (one.state == Delivery::Queued && one.attempts > 0).then(|| when(one.due_ms)),
    }
}

/// Which channel.
#[derive(Debug, Deserialize)]
pub struct Named {
    name: String,
}

/// `POST /admin/integrations/test`: sends a test by a channel.
pub async fn test(me: SignedIn, State(app): State<App>, Fields(form): Fields<Named>) -> Result<Redirect> {
    let channel = app.notify.named(&form.name).ok_or(AppError::Unknown("channel"))?.notifier.name();
    let now = now_ms();
    let mut tx = app.store.write().await?;
    notify::test(&mut tx, channel, &me.user.username, now).await?;
    let object = format!("channel:{channel}");
    audit(&mut tx, &me.actor(), None, &Entry { action: "channel_tested", object: &object, old: "", new: "" }, now)
        .await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Redirect::to("/admin/integrations"))
}

/// `POST /admin/integrations/{id}/retry`: queues a failed notification again.
pub async fn retry(me: SignedIn, State(app): State<App>, Path(id): Path<String>) -> Result<Redirect> {
    let id: i64 = id.parse().map_err(|_| AppError::Unknown("notification"))?;
    let now = now_ms();
    let mut tx = app.store.write().await?;
    let (channel, org) =
        notifications::again(&mut tx, me.user.id, id, now).await?.ok_or(AppError::Unknown("failed notification"))?;
    notify::wake(&mut tx, &channel, now).await?;
    let object = format!("notification:{id}");
    let entry = Entry { action: "notification_retried", object: &object, old: "failed", new: "queued" };
    audit(&mut tx, &me.actor(), org, &entry, now).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Redirect::to("/admin/integrations"))
}
