//! A case for other programs: as JSON, its observables as CSV, its report as Markdown.
use super::load::load;
use super::wanted::Wanted;
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::limits;
use crate::store::observables::{self, InCase};
use crate::store::record::{Entry, audit};
use crate::store::{Store, Tx, cases, orgs, timeline};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::csv::{self, Cell, Row};
use crate::web::form::Named;
use crate::web::view::markdown_report::markdown;
use crate::web::view::report;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

/// `GET /cases/{number}/export/{format}`: `json`, `csv` or `markdown`.
pub async fn export(me: SignedIn, State(app): State<App>, Named(parts): Named) -> Result<Response> {
    let [number, format] = parts.as_slice() else { return Err(AppError::NotFound) };
    let number = number.parse().ok().filter(|number: &i64| *number > 0).ok_or(AppError::NotFound)?;
    let mut tx = app.store.read().await?;
    let case = cases::visible(&mut tx, me.scope(), number).await?.ok_or(AppError::NotFound)?;
    let org = case.org_id;
    let (ending, kind, body) = match format.as_str() {
        "json" => ("json", "application/json", json(&mut tx, &case).await?),
        "csv" => {
            drop(tx);
            leaves(&app, &me, (org, number), ("exported", "csv")).await?;
            return observables_table(app.store.clone(), number);
        }
        "markdown" => {
            let customer = orgs::by_id(&mut tx, case.org_id).await?.map(|org| org.name).unwrap_or_default();
            let data = load(&mut tx, case, Wanted::default()).await?;
            let decisions = timeline::decisions(&mut tx, number, report::DECISIONS_READ).await?;
            ("md", "text/markdown; charset=utf-8", markdown(&data.case, &customer, &report::report(&data, &decisions)))
        }
        _ => return Err(AppError::Unknown("format")),
    };
    drop(tx);
    leaves(&app, &me, (org, number), ("exported", ending)).await?;
    let name = format!("attachment; filename=\"case-{number}.{ending}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], body).into_response())
}

/// Enters that something of a case leaves, before it does.
pub async fn leaves(app: &App, me: &SignedIn, (org_id, case): (i64, i64), (action, what): (&str, &str)) -> Result<()> {
    let mut tx = app.store.write().await?;
    let entry = Entry { action, object: &format!("case:{case}"), old: "", new: what };
    audit(&mut tx, &me.actor(), Some(org_id), &entry, now_ms()).await?;
    Ok(tx.commit().await?)
}

async fn json(tx: &mut Tx, case: &cases::Case) -> Result<String> {
    let long = crate::api::case_json(tx, case).await?;
    serde_json::to_string_pretty(&long).map_err(|error| AppError::Internal(error.into()))
}

/// The observables of a case as they are, page by page.
fn observables_table(store: Store, case: i64) -> Result<Response> {
    let pages = stream::try_unfold(Some(0), move |after| {
        let store = store.clone();
        async move {
            let Some(after) = after else { return Ok(None) };
            let page = observables::page_of_case(&mut store.read().await?, case, after, limits::CSV_PAGE).await?;
            let next = page.last().map(|last| last.id);
            Ok(next.map(|next| (page.into_iter().map(row).collect(), Some(next))))
        }
    });
    csv::table(&format!("case-{case}.csv"), &["type", "value", "role", "other_cases"], pages)
}

fn row(one: InCase) -> Row {
    vec![
        Cell::Text(one.kind.as_str().to_owned()),
        Cell::Text(one.value),
        Cell::Text(one.role),
        Cell::Number(one.other_cases),
    ]
}
