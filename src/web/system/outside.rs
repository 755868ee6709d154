//! Everybody outside who is asked or told: voters, intelligence, LimaCharlie, channels, each in the same few words.
use super::super::App;
use super::super::auth::SignedIn;
use super::super::view::pull;
use super::super::view::text::{start, visible};
use super::super::view::words::{When, when};
use super::super::{integrations, providers};
use crate::clock::now_ms;
use crate::error::Result;
use crate::store::{notifications, pulls, votes};
use crate::voters::Kind;

/// The newest votes of a voter that are looked at.
const LOOKED_AT: i64 = 200;

/// One of them.
pub struct Outside {
    pub what: &'static str,
    pub name: String,
    pub worked: Option<When>,
    pub trouble: Option<(String, When)>,
    /// What is to be known now; empty where it works or was not used yet.
    pub state: String,
    /// Whether that is bad.
    pub bad: bool,
}

/// LimaCharlie of a person's own organisations; with `whole` also those that all organisations share.
pub async fn all(app: &App, me: &SignedIn, whole: bool) -> Result<Vec<Outside>> {
    let mut all = if whole { shared(app).await? } else { Vec::new() };
    let mut tx = app.store.read().await?;
    for one in pulls::all(&mut tx, me.scope()).await? {
        let state = pull::trouble(&one, &app.config.limacharlie, now_ms());
        all.push(Outside {
            what: "LimaCharlie",
            name: one.org.clone(),
            worked: one.read_ms.map(when),
            trouble: one.failing_since_ms.map(|since| (visible(&one.error), when(since))),
            bad: state.is_some(),
            state: state.unwrap_or_default(),
        });
    }
    Ok(all)
}

async fn shared(app: &App) -> Result<Vec<Outside>> {
    let mut all = voters(app).await?;
    all.extend(providers::all(app).await?.into_iter().filter(|one| !one.local).map(|one| {
        let quiet = one.quiet.as_ref().map(|until| format!("left alone until {}", until.full)).unwrap_or_default();
        let bad = one.broken;
        Outside { what: "Intelligence", name: one.label, worked: one.answered, trouble: one.trouble, state: quiet, bad }
    }));
    let fared = notifications::channels(&mut app.store.read().await?).await?;
    all.extend(app.notify.all.iter().map(|channel| {
        let name = channel.notifier.name();
        let (worked, trouble) = integrations::fares(fared.iter().find(|fared| fared.name == name));
        let bad = trouble.is_some();
        Outside { what: "Channel", name: name.to_owned(), worked, trouble, state: String::new(), bad }
    }));
    Ok(all)
}

/// Models that vote, with the circuit breaker that this process has.
async fn voters(app: &App) -> Result<Vec<Outside>> {
    let Ok(seats) = app.panel.current(&app.store).await else { return Ok(Vec::new()) };
    let mut tx = app.store.read().await?;
    let mut all = Vec::new();
    for voter in seats.models.iter().filter(|voter| voter.kind() != Kind::Builtin) {
        let newest = votes::newest(&mut tx, voter.name(), LOOKED_AT).await?;
        let worked = newest.iter().find(|vote| !vote.failed).map(|vote| vote.asked_ms);
        let failed = newest.iter().find(|vote| vote.failed);
        let rest = voter.rest();
        all.push(Outside {
            what: "Voter",
            name: visible(voter.name()),
            worked: worked.map(when),
            trouble: failed.map(|vote| (start(&vote.detail, 200), when(vote.asked_ms))),
            bad: rest.is_some() || failed.is_some_and(|vote| Some(vote.asked_ms) > worked),
            state: rest.map(|rest| format!("not asked for {} s more", rest.as_secs() + 1)).unwrap_or_default(),
        });
    }
    Ok(all)
}
