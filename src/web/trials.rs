//! Trying a panel on declared cases: the form, its progress, and what it would have said.
use super::App;
use super::auth::SignedIn;
use super::form::RowId;
use super::page::{Chrome, Page};
use super::view::trials::{self as view, Line, TrialView};
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::jobs::panel::Seats;
use crate::jobs::trial::{self, MOST};
use crate::store::trials::{self, New, Trial, TrialState};
use crate::triage::vote::Mode;
use askama::Template;
use axum::extract::{RawForm, State};
use axum::response::{IntoResponse, Redirect, Response};

/// So many trials are listed.
const LISTED: i64 = 5;

/// A trial in the list.
pub struct Recent {
    /// Its id.
    pub id: i64,
    /// Its voters and mode.
    pub panel: String,
    /// How far it is.
    pub state: &'static str,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: When,
}

/// The form as it was filled in, and what is wrong with it.
#[derive(Default)]
pub struct Kept {
    /// The chosen voters; none for the panel as it is.
    pub voters: Vec<String>,
    /// The mode.
    pub mode: String,
    /// How many cases, as typed.
    pub cases: String,
    /// What is wrong, or empty.
    pub error: String,
}

impl Kept {
    /// Whether a voter is chosen.
    pub fn has(&self, name: &str) -> bool {
        self.voters.iter().any(|voter| voter == name)
    }

    /// The form as it is at first: the panel and the mode of now.
    pub fn or_usual(self, seats: &Seats) -> Self {
        if !self.error.is_empty() {
            return self;
        }
        let voters = seats.panel.iter().map(|voter| voter.name().to_owned()).collect();
        Self { voters, mode: seats.rules.mode.to_string(), cases: MOST.to_string(), error: String::new() }
    }

    fn read(form: &[u8]) -> Self {
        let mut kept = Self::default();
        for (field, value) in form_urlencoded::parse(form) {
            match field.as_ref() {
                "voter" => kept.voters.push(value.into_owned()),
                "mode" => kept.mode = value.into_owned(),
                "cases" => kept.cases = value.into_owned(),
                _ => {}
            }
        }
        kept
    }

    /// The mode and the number of cases, or what is wrong.
    fn check(&self, seats: &Seats) -> Result<(Mode, i64), String> {
        if self.voters.is_empty() {
            return Err("voter: choose at least one voter.".to_owned());
        }
        if let Some(name) = self.voters.iter().find(|name| !seats.all.iter().any(|voter| voter.name() == name.as_str()))
        {
            return Err(format!("voter: there is no voter named {}.", super::view::text::start(name, 80)));
        }
        let mode = self.mode.parse().map_err(|_| "mode: choose unanimous, majority or weighted.".to_owned())?;
        let most = self.cases.trim().parse().ok().filter(|count| (1..=MOST).contains(count));
        Ok((mode, most.ok_or_else(|| format!("cases: type a number from 1 to {MOST}."))?))
    }
}

/// What a form offers.
pub struct Trying {
    /// Names of all voters that may be tried.
    pub all: Vec<String>,
    /// All modes.
    pub modes: &'static [Mode],
    /// The most cases of a trial.
    pub most: i64,
    /// What is filled in.
    pub kept: Kept,
}

impl Trying {
    /// The form as it was filled in, or as it is at first.
    pub fn of(seats: Option<&Seats>, kept: Kept) -> Self {
        Self {
            all: seats.iter().flat_map(|seats| &seats.all).map(|voter| voter.name().to_owned()).collect(),
            modes: Mode::ALL,
            most: MOST,
            kept: seats.map(|seats| kept.or_usual(seats)).unwrap_or_default(),
        }
    }
}

/// The newest trials that a person may see.
pub async fn recent(app: &App, me: &SignedIn) -> Result<Vec<Recent>> {
    let found = trials::newest(&mut app.store.read().await?, me.scope(), LISTED).await?;
    let line = |trial: Trial| Recent {
        id: trial.id,
        panel: format!("{}: {}", trial.mode, trial.voters.0.join(", ")),
        state: trial.state.label(),
        by: trial.asked_by,
        at: when(trial.queued_ms),
    };
    Ok(found.into_iter().map(line).collect())
}

/// `POST /models/trials`: queues a trial.
pub async fn ask(me: SignedIn, State(app): State<App>, RawForm(form): RawForm) -> Result<Response> {
    let mut kept = Kept::read(&form);
    let seats = app.panel.current(&app.store).await.map_err(|_| AppError::NotReady("The voters can't be set up."))?;
    let refused = match kept.check(&seats) {
        Ok((mode, most)) => {
            kept.voters.sort_by_key(|name| seats.all.iter().position(|voter| voter.name() == name.as_str()));
            kept.voters.dedup();
            let new =
                New { user_id: me.user.id, asked_by: &me.user.username, voters: &kept.voters, mode: mode.as_str() };
            let mut tx = app.store.write().await?;
            if let Some(id) = trial::enqueue(&mut tx, &me.actor(), me.scope(), new, most, now_ms()).await? {
                tx.commit().await?;
                app.wake.notify_waiters();
                return Ok(Redirect::to(&format!("/models/trials/{id}")).into_response());
            }
            "cases: no case was declared after a vote yet.".to_owned()
        }
        Err(text) => text,
    };
    kept.error = refused;
    let mut response = super::models::page(&app, &me, kept).await?;
    *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

#[derive(Template)]
#[template(path = "models/trial.html")]
struct Show {
    chrome: Chrome,
    trial: TrialView,
    missed: Vec<Line>,
    alarms: Vec<Line>,
    recognised: Vec<Line>,
    may_cancel: bool,
}

/// `GET /models/trials/{id}`
pub async fn show(me: SignedIn, State(app): State<App>, RowId(id): RowId) -> Result<Response> {
    let mut tx = app.store.read().await?;
    let trial = trials::by_id(&mut tx, id).await?.ok_or(AppError::Unknown("trial"))?;
    let cases = trials::cases(&mut tx, id, me.scope()).await?;
    if cases.is_empty() {
        return Err(AppError::Unknown("trial"));
    }
    let spent = trials::spent(&mut tx, id, me.scope()).await?;
    drop(tx);
    let ended = !matches!(trial.state, TrialState::Queued | TrialState::Running);
    let (missed, alarms, recognised) = view::lists(&cases);
    Ok(Page(Show {
        chrome: Chrome::of(&app, &me, "models").await?,
        may_cancel: !ended && me.user.role >= Role::Lead,
        trial: view::trial(trial, &cases, &spent),
        missed,
        alarms,
        recognised,
    })
    .into_response())
}

/// `POST /models/trials/{id}/cancel`
pub async fn cancel(me: SignedIn, State(app): State<App>, RowId(id): RowId) -> Result<Redirect> {
    let mut tx = app.store.write().await?;
    if trials::cases(&mut tx, id, me.scope()).await?.is_empty() {
        return Err(AppError::Unknown("trial"));
    }
    trial::cancel(&mut tx, &me.actor(), id, now_ms()).await?;
    tx.commit().await?;
    app.wake.notify_waiters();
    Ok(Redirect::to(&format!("/models/trials/{id}")))
}
