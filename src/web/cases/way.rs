//! How a case page was come to, and what was done before.
use super::head::{Undo, undo};
use super::related::{self, RelatedView};
use super::strip::{Strip, strip};
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::{Tx, looks};
use crate::web::App;
use crate::web::auth::SignedIn;
use crate::web::done::{Done, Told, done};
use crate::web::trail::{Steps, Trail};
use crate::web::view::case::CaseData;
use crate::web::view::late;
use crate::web::view::since::{Since, since};
use crate::web::view::timeline::Item;

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
    /// Who else looks at the case.
    pub(super) present: Vec<String>,
    /// The list beside it, where it was opened from one.
    pub(super) strip: Option<Strip>,
    /// What others did since this person last looked.
    pub(super) since: Option<Since>,
}

impl Way {
    /// Whether a line of the timeline is new to this person.
    pub(super) fn is_new(&self, item: &Item) -> bool {
        self.since.as_ref().is_some_and(|since| since.is_new(item))
    }
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
        present: app.present.others(data.case.number, &me.user.username),
        strip: match trail {
            Some(trail) => strip(tx, me, trail, data.case.number, (&me.user.zone, now_ms())).await?,
            None => None,
        },
        since: since_look(tx, me, data.case.number).await?,
    })
}

/// What others did to a case since this person's visit before.
async fn since_look(tx: &mut Tx, me: &SignedIn, number: i64) -> Result<Option<Since>> {
    let now = now_ms();
    let Some(look) = looks::before_visit(tx, me.user.id, number, now).await? else { return Ok(None) };
    let changes = looks::changes(tx, number, look, &me.user.username).await?;
    Ok(since(&changes, look, &me.user.username, now))
}
