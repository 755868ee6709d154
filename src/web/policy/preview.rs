//! What a change of policy would have done, before it is saved.
use super::{Form, Tried, Wrong, find, page, unsaved};
use crate::admin::policy::{self as admin, Gathered};
use crate::config::Policy;
use crate::error::{AppError, Result};
use crate::store::policies::OfOrg;
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::form::{Fields, Named};
use crate::web::view::preview::{Said, sentences};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// `POST /admin/policy/{org}/preview`: changes nothing.
pub async fn preview(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<Form>,
) -> Result<Response> {
    let mut tx = app.store.read().await?;
    let OfOrg { id, slug, own, .. } = find(&mut tx, &me, &parts).await?;
    let usual = &app.config.policy;
    match form.read(usual, &own) {
        Ok(to) => {
            let (before, after) = (usual.of(&own), usual.of(&to));
            let gathered = admin::gather(&mut tx, id).await?;
            drop(tx);
            let said = said(gathered, before, after).await?;
            let tried = Tried { org: slug, form, said };
            page(&app, &me, Some(tried), (StatusCode::OK, Wrong::default())).await
        }
        Err((field, text)) => {
            drop(tx);
            unsaved(&app, &me, form, StatusCode::UNPROCESSABLE_ENTITY, (slug, field, text)).await
        }
    }
}

/// Thousands of documents may have to be read: other requests go on meanwhile.
async fn said(gathered: Gathered, before: Policy, after: Policy) -> Result<Vec<Said>> {
    let told = tokio::task::spawn_blocking(move || sentences(&gathered.preview(&before, &after), &before, &after));
    told.await.map_err(|error| AppError::Internal(error.into()))
}
