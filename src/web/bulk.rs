//! Many cases by one act: the review of a selection, deciding it, how far it is, and taking it back.
mod form;
mod told;

pub use told::told;

use self::form::Form;
use super::App;
use super::auth::SignedIn;
use super::form::NoteBytes;
use super::page::{Chrome, Page};
use super::trail::Trail;
use super::view::bulk::{ActView, Kept, PAGE, ReviewView};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::jobs::bulk as job;
use crate::limits::BULK_AT_ONCE;
use crate::review::ReviewError;
use crate::review::bulk::{self as acts, Plan, Wanted};
use crate::store::bulk::{self, Act, ActState, MemberState};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "bulk/review.html")]
struct Review {
    chrome: Chrome,
    review: ReviewView,
}

/// `GET /cases/bulk?filter=…` and `?numbers=…`
pub async fn review(me: SignedIn, State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let mut form = Form::read(query.unwrap_or_default().as_bytes())?;
    form.selection.shown_ms.get_or_insert_with(now_ms);
    let plan = plan(&app, &me, &form).await?;
    page(&app, &me, &form, &plan, None).await
}

/// `POST /cases/bulk/review`: the same for more numbers than fit into an address. It changes nothing.
pub async fn review_form(me: SignedIn, State(app): State<App>, NoteBytes(form): NoteBytes) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let mut form = Form::read(&form)?;
    form.selection.shown_ms.get_or_insert_with(now_ms);
    let plan = plan(&app, &me, &form).await?;
    page(&app, &me, &form, &plan, None).await
}

async fn plan(app: &App, me: &SignedIn, form: &Form) -> Result<Plan> {
    let mut tx = app.store.read().await?;
    acts::gather(&mut tx, me.scope(), &form.selection).await?.ok_or(AppError::NotFound)
}

async fn page(
    app: &App,
    me: &SignedIn,
    form: &Form,
    plan: &Plan,
    error: Option<(&'static str, String)>,
) -> Result<Response> {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let kept = Kept {
        numbers: form.numbers(),
        lists: form.lists.clone(),
        verdict: form.verdict.parse().ok(),
        reason: form.reason.clone(),
        note: form.note.clone(),
        opens: !form.close && !form.token.is_empty(),
        from: form.from.clone(),
        error: error.map(|(field, text)| (field.to_owned(), text)).unwrap_or_default(),
        shown_ms: form.selection.shown_ms.unwrap_or_else(now_ms),
        lead: me.user.role >= Role::Lead,
    };
    let chrome = Chrome::of(app, me, "queue").await?;
    let review = ReviewView::of(plan, kept, &form.trail().queue(&[]));
    Ok((status, Page(Review { chrome, review })).into_response())
}

/// `POST /cases/bulk`
pub async fn decide(me: SignedIn, State(app): State<App>, NoteBytes(form): NoteBytes) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let mut form = Form::read(&form)?;
    let verdict = form.verdict()?;
    if let Some(before) = before(&app, &me, &form).await? {
        return Ok(onward(&before, &form.trail()));
    }
    let plan = plan(&app, &me, &form).await?;
    if plan.going() > BULK_AT_ONCE && me.user.role < Role::Lead {
        return Err(AppError::Forbidden("More than 200 cases at once are decided by a lead. Narrow the selection."));
    }
    let token = if form.token.is_empty() { hex::encode(rand::random::<[u8; 8]>()) } else { form.token.clone() };
    let wanted = Wanted { verdict, reason: &form.reason, note: &form.note, close: form.close, token: &token };
    let mut tx = app.store.write().await?;
    let id = match acts::begin(&mut tx, (&me.actor(), me.user.id), wanted, &plan, now_ms()).await {
        Err(ReviewError::Invalid { field, text }) => {
            drop(tx);
            form.token = token;
            return page(&app, &me, &form, &plan, Some((field, text))).await;
        }
        id => id?,
    };
    tx.commit().await?;
    carry(&app, id, plan.going()).await;
    Ok(onward(&act(&app, &me, id).await?, &form.trail()))
}

/// The act that this form began already.
async fn before(app: &App, me: &SignedIn, form: &Form) -> Result<Option<Act>> {
    if form.token.is_empty() {
        return Ok(None);
    }
    Ok(bulk::by_token(&mut app.store.read().await?, me.user.id, &form.token).await?)
}

async fn act(app: &App, me: &SignedIn, id: i64) -> Result<Act> {
    bulk::visible(&mut app.store.read().await?, me.scope(), id).await?.ok_or(AppError::Unknown("act"))
}

/// Works on an act over few cases at once, and leaves one over many, or one that meets trouble, to its job.
async fn carry(app: &App, id: i64, cases: usize) {
    let at_once = async {
        loop {
            let mut tx = app.store.write().await?;
            let more = acts::step(&mut tx, id, now_ms()).await?;
            if !more {
                job::withdraw(&mut tx, id, now_ms()).await?;
            }
            tx.commit().await?;
            if !more {
                return Ok::<_, ReviewError>(());
            }
        }
    };
    if cases <= BULK_AT_ONCE
        && let Err(error) = at_once.await
    {
        tracing::warn!(act = id, %error, "an act over many cases is left to its job");
    }
    app.wake.notify_waiters();
}

/// Where an act leads: to the list with what was done, or to the page that shows how far it is.
fn onward(act: &Act, trail: &Trail) -> Response {
    let id = act.id.to_string();
    let to = match act.state {
        ActState::Done | ActState::Undone => trail.queue(&[("bulk", &id)]),
        ActState::Running | ActState::Undoing | ActState::Failed => format!("/cases/bulk/{id}"),
    };
    Redirect::to(&to).into_response()
}

#[derive(Template)]
#[template(path = "bulk/show.html")]
struct Show {
    chrome: Chrome,
    act: ActView,
}

/// `GET /cases/bulk/{id}?after=`
pub async fn show(
    me: SignedIn,
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let id = id.parse().map_err(|_| AppError::Unknown("act"))?;
    let mut fields = form_urlencoded::parse(query.as_deref().unwrap_or_default().as_bytes());
    let after = fields.find(|(name, _)| name == "after").and_then(|(_, after)| after.parse().ok()).unwrap_or_default();
    let mut tx = app.store.read().await?;
    let act = bulk::visible(&mut tx, me.scope(), id).await?.ok_or(AppError::Unknown("act"))?;
    let reasons = bulk::reasons(&mut tx, id).await?;
    let left_out = bulk::named(&mut tx, id, MemberState::LeftOut, after, PAGE).await?;
    let stayed = bulk::named(&mut tx, id, MemberState::Stayed, after, PAGE).await?;
    drop(tx);
    let own = act.user_id == me.user.id && me.user.role >= Role::Analyst;
    let may_undo = own || me.user.role >= Role::Lead;
    let act = ActView::of(&act, &reasons, (&left_out, &stayed), may_undo);
    Ok(Page(Show { chrome: Chrome::of(&app, &me, "queue").await?, act }).into_response())
}

/// `POST /cases/bulk/{id}/undo`
pub async fn undo(
    me: SignedIn,
    State(app): State<App>,
    Path(id): Path<String>,
    NoteBytes(form): NoteBytes,
) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let id = id.parse().map_err(|_| AppError::Unknown("act"))?;
    let found = act(&app, &me, id).await?;
    if found.user_id != me.user.id {
        me.must_be(Role::Lead)?;
    }
    take_back(&app, &me, &found, &Form::read(&form)?.from).await
}

/// Takes an act back, and leads to the list `from` which it was decided.
pub(super) async fn take_back(app: &App, me: &SignedIn, found: &Act, from: &str) -> Result<Response> {
    let mut tx = app.store.write().await?;
    let begun = acts::undo(&mut tx, &me.actor(), found, now_ms()).await?;
    tx.commit().await?;
    if begun {
        carry(app, found.id, usize::try_from(found.done).unwrap_or_default()).await;
    }
    Ok(onward(&act(app, me, found.id).await?, &Trail::read(from).unwrap_or_default()))
}

/// `POST /cases/bulk/assign`
pub async fn assign(me: SignedIn, State(app): State<App>, NoteBytes(form): NoteBytes) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let form = Form::read(&form)?;
    let mut tx = app.store.write().await?;
    let by = (&me.actor(), me.scope());
    let given = acts::assign(&mut tx, by, &form.selection, &form.user, now_ms()).await?.ok_or(AppError::NotFound)?;
    tx.commit().await?;
    app.wake.notify_waiters();
    let first = given.first().copied().unwrap_or_default();
    let to = form.trail().queue(&[("assigned", &format!("{first}.{}", given.len()))]);
    Ok(Redirect::to(&to).into_response())
}
