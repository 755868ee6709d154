//! Whether the data of an organisation may leave to cloud voters: an admin says so.
use super::{STALE, Wrong, find, page};
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::policies::{self, OfOrg};
use crate::store::record::{Entry, audit};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::form::{Fields, Named};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Whether data may leave.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cloud {
    /// `allow` or `forbid`.
    #[serde(rename = "cloud")]
    wish: String,
    /// Whether the person knows what leaves.
    sure: bool,
    version: i64,
}

/// `POST /admin/policy/{org}/cloud`
pub async fn cloud(
    me: SignedIn,
    State(app): State<App>,
    Named(parts): Named,
    Fields(form): Fields<Cloud>,
) -> Result<Response> {
    let mut tx = app.store.write().await?;
    let OfOrg { id, slug, own: before, .. } = find(&mut tx, &me, &parts).await?;
    let refused = match form.wish.as_str() {
        "forbid" => None,
        "allow" if form.sure => None,
        "allow" => Some("Cloud voters: tick that you know what leaves."),
        _ => Some("Cloud voters: allow or forbid."),
    };
    if let Some(text) = refused {
        drop(tx);
        let wrong = Wrong { org: slug, field: "sure", text: text.to_owned() };
        return page(&app, &me, None, (StatusCode::UNPROCESSABLE_ENTITY, wrong)).await;
    }
    let allow = form.wish == "allow";
    if allow == before.cloud_allowed {
        return Ok(Redirect::to("/admin/policy").into_response());
    }
    if form.version != before.version || policies::allow_cloud(&mut tx, id, allow, form.version).await? == 0 {
        drop(tx);
        let wrong = Wrong { org: slug, field: "sure", text: STALE.to_owned() };
        return page(&app, &me, None, (StatusCode::CONFLICT, wrong)).await;
    }
    let (old, new) = if allow { ("forbid", "allow") } else { ("allow", "forbid") };
    let entry = Entry { action: "org_cloud", object: &format!("org:{slug}"), old, new };
    audit(&mut tx, &me.actor(), Some(id), &entry, now_ms()).await?;
    tx.commit().await?;
    Ok(Redirect::to("/admin/policy").into_response())
}
