//! What a change of policy would have done, before it is saved.
use super::{Form, Tried, Wrong, find, page, unsaved};
use crate::admin::policy as admin;
use crate::error::Result;
use crate::store::policies::OfOrg;
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::form::{Fields, Named};
use crate::web::view::preview::sentences;
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
            let said = sentences(&admin::preview(&mut tx, id, &before, &after).await?, &before, &after);
            drop(tx);
            let tried = Tried { org: slug, form, said };
            page(&app, &me, Some(tried), (StatusCode::OK, Wrong::default())).await
        }
        Err((field, text)) => {
            drop(tx);
            unsaved(&app, &me, form, StatusCode::UNPROCESSABLE_ENTITY, (slug, field, text)).await
        }
    }
}
