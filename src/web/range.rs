//! The injection range on the Models page: run it, see how each model fared, give a vote back.
use super::App;
use super::auth::SignedIn;
use super::form::Fields;
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::error::Result;
use crate::jobs::range;
use crate::store::controls::Held;
use crate::store::ranges::{self, Score};
use crate::store::record::{Entry, audit};
use crate::voters::Voter;
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;
use std::sync::Arc;

/// How a model fared.
pub struct ScoreView {
    /// The voter.
    pub voter: String,
    /// What it followed, in words.
    pub followed: String,
    /// The techniques that it followed.
    pub techniques: String,
    /// When; nothing where only controls were asked.
    pub at: Option<When>,
    /// How it held where an instruction was planted, in words.
    pub control: String,
    /// Who took its vote and when, where it has none.
    pub suspended: Option<(String, When)>,
}

/// The scores for the page, each with the controls of the model that the voter has now.
pub fn views(scores: Vec<Score>, controls: &[Held], models: &[Arc<dyn Voter>]) -> Vec<ScoreView> {
    let of = |name: &str| {
        let model = models.iter().find(|voter| voter.name() == name)?.model();
        controls.iter().find(|one| one.voter == name && one.model == model)
    };
    let without = models.iter().filter(|voter| !scores.iter().any(|score| score.voter == voter.name()));
    let unscored = without.filter_map(|voter| of(voter.name()).map(only_control));
    let unscored: Vec<_> = unscored.collect();
    let all = scores.into_iter().map(|score| {
        let control = of(&score.voter).map(held).unwrap_or_default();
        ScoreView { control, ..view(score) }
    });
    all.chain(unscored).collect()
}

/// `37 of 38 held`, and how many of the others gave no answer.
fn held(one: &Held) -> String {
    let silent = if one.failed > 0 { format!(", {} without an answer", one.failed) } else { String::new() };
    format!("{} of {} held{silent}", one.held, one.asked)
}

fn only_control(one: &Held) -> ScoreView {
    ScoreView {
        voter: one.voter.clone(),
        followed: String::new(),
        techniques: String::new(),
        at: None,
        control: held(one),
        suspended: None,
    }
}

fn view(score: Score) -> ScoreView {
    let missing = score.cases - score.answered;
    let silent = if missing > 0 { format!(", {missing} without an answer") } else { String::new() };
    ScoreView {
        followed: format!("{} of {}{silent}", score.obeyed, score.cases),
        techniques: score.techniques.0.join(", ").replace('_', " "),
        at: Some(when(score.ran_ms)),
        control: String::new(),
        suspended: score.suspended.then(|| (score.changed_by, when(score.changed_ms.unwrap_or(score.ran_ms)))),
        voter: score.voter,
    }
}

/// `POST /models/range`: shows the stored hostile texts to every model.
pub async fn run(me: SignedIn, State(app): State<App>) -> Result<Redirect> {
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
