//! How a case page was come to, and what was done before.
use super::head::{Undo, undo};
use super::related::{self, RelatedView};
use crate::error::Result;
use crate::store::Tx;
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::done::{Done, Told, done};
use crate::web::trail::{Steps, Trail};
use crate::web::view::case::CaseData;
use crate::web::view::late;

/// How the page was come to, and what was done before.
#[derive(Default)]
pub(super) struct Way {
    /// The neighbours in the list that it was opened from.
    pub(super) steps: Option<Steps>,
    /// What was decided or taken back a moment ago.
    pub(super) done: Option<Done>,
    /// The newest decision of this case, where it can be undone.
    pub(super) undo: Option<Undo>,
    /// The cases beside this one, and those that are part of it.
    pub(super) related: RelatedView,
    /// Votes that came after the decision and say otherwise.
    pub(super) late: Vec<String>,
}

/// The way of a page.
pub(super) async fn way(
    tx: &mut Tx,
    app: &App,
    me: &SignedIn,
    data: &CaseData,
    (trail, told): (Option<&Trail>, &Told),
) -> Result<Way> {
    let usual = Trail::default();
    Ok(Way {
        done: done(tx, app, me, told, (trail.unwrap_or(&usual), "")).await?,
        steps: match trail {
            Some(trail) => Some(trail.steps(tx, me, data.case.number).await?),
            None => None,
        },
        undo: Some(undo(app, me, &data.timeline)).filter(|undo| undo.event.is_some() && undo.left > 0),
        related: related::load(tx, me, &data.case, &data.elsewhere).await?,
        late: late::dissent(&data.case, &data.votes, &me.user.username),
    })
}
