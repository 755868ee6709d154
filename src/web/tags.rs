//! Tags on a case: added and taken off one form at a time.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{Key, back, begin, finish};
use super::form::{CaseNumber, Fields};
use super::kept::Kept;
use crate::clock::now_ms;
use crate::error::Result;
use crate::review;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Tags to add, separated by blanks or commas, and one to take off.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TagForm {
    add: String,
    remove: String,
    idempotency_key: Key,
}

/// `POST /cases/{number}/tags`
pub async fn change(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<TagForm>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "tags", &form.idempotency_key).await?;
    let Some(case) = case else { return Ok(back(number)) };
    let mut wanted: Vec<String> = case.tags.0.iter().filter(|tag| **tag != form.remove).cloned().collect();
    let added = form.add.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    wanted.extend(added.map(str::to_owned));
    let done = review::set_tags(&mut tx, &me.actor(), &case, &wanted, now_ms()).await;
    finish(&app, &me, tx, number, done, Kept { typed: vec![("tags", form.add)], ..Kept::default() }).await
}
