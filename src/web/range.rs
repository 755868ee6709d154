//! The injection range on the Models page: run it, see how each model fared, give a vote back.
use super::App;
use super::auth::SignedIn;
use super::form::Fields;
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::Result;
use crate::jobs::range;
use crate::store::ranges::{self, Score};
use crate::store::record::{Entry, audit};
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

/// How a model fared.
pub struct ScoreView {
    /// The voter.
    pub voter: String,
    /// What it followed, in words.
    pub followed: String,
    /// The techniques that it followed.
    pub techniques: String,
    /// When.
    pub at: When,
    /// Who took its vote and when, where it has none.
    pub suspended: Option<(String, When)>,
}

/// The scores for the page.
pub fn views(scores: Vec<Score>) -> Vec<ScoreView> {
    scores.into_iter().map(view).collect()
}

fn view(score: Score) -> ScoreView {
    let missing = score.cases - score.answered;
    let silent = if missing > 0 { format!(", {missing} without an answer") } else { String::new() };
    ScoreView {
        followed: format!("{} of {}{silent}", score.obeyed, score.cases),
        techniques: score.techniques.0.join(", ").replace('_', " "),
        at: when(score.ran_ms),
        suspended: score.suspended.then(|| (score.changed_by, when(score.changed_ms.unwrap_or(score.ran_ms)))),
        voter: score.voter,
    }
}

/// `POST /models/range`: shows the stored hostile texts to every model.
pub async fn run(me: SignedIn, State(app): State<App>) -> Result<Redirect> {
    me.must_be(Role::Lead)?;
    let now = now_ms();
    let mut tx = app.store.write().await?;
    if range::ask(&mut tx, now).await? {
        audit(&mut tx, &me.actor(), None, &Entry { action: "range_asked", object: "range", old: "", new: "" }, now)
            .await?;
    }
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Redirect::to("/models"))
}

/// Which voter.
#[derive(Debug, Deserialize)]
pub struct Named {
    name: String,
}

/// `POST /models/restore`: gives a voter its vote back.
pub async fn restore(me: SignedIn, State(app): State<App>, Fields(form): Fields<Named>) -> Result<Redirect> {
    me.must_be(Role::Lead)?;
    let now = now_ms();
    let mut tx = app.store.write().await?;
    if ranges::suspend(&mut tx, &form.name, false, &me.user.username, now).await? {
        let object = format!("voter:{}", form.name);
        audit(
            &mut tx,
            &me.actor(),
            None,
            &Entry { action: "voter_restored", object: &object, old: "no vote", new: "votes" },
            now,
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Redirect::to("/models"))
}
