//! A case as a report: printable, for people outside.
use super::load::load;
use super::wanted::Wanted;
use crate::domain::tag;
use crate::error::{AppError, Result};
use crate::store::{cases, orgs, timeline};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::form::CaseNumber;
use crate::web::page::{Chrome, Page};
use crate::web::view::report::{self as view, Report};
use crate::web::view::words::{self, Glyph, When, when};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "cases/report.html")]
struct Show {
    chrome: Chrome,
    case: cases::Case,
    /// The organisation's name.
    customer: String,
    report: Report,
    verdict: Glyph,
    machine: Glyph,
    opened: When,
    closed: Option<When>,
    /// Whom it may be shown to, where a tag says so.
    tlp: Option<&'static str>,
}

/// `GET /cases/{number}/report`
pub async fn report(me: SignedIn, State(app): State<App>, CaseNumber(number): CaseNumber) -> Result<Response> {
    let chrome = Chrome::of(&app, &me, "queue").await?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let customer = orgs::by_id(&mut tx, case.org_id).await?.map(|org| org.name).unwrap_or_default();
    let data = load(&mut tx, case, Wanted::default()).await?;
    let decisions = timeline::decisions(&mut tx, number, view::DECISIONS_READ).await?;
    drop(tx);
    let show = Show {
        report: view::report(&data, &decisions),
        verdict: words::person(data.case.verdict),
        machine: words::machine(data.case.machine_verdict),
        opened: when(data.case.opened_ms),
        closed: data.case.closed_ms.map(when),
        tlp: tag::tlp(&data.case.tags.0),
        case: data.case,
        chrome,
        customer,
    };
    Ok(Page(show).into_response())
}
