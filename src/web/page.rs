//! What every page has around it, and the error page.
use super::App;
use super::auth::SignedIn;
use super::view::text::visible;
use super::view::words::{When, when};
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::Result;
use crate::store::actions;
use crate::store::queue::{self, View};
use crate::store::reminders::{self, Reminder};
use askama::Template;
use axum::response::{Html, IntoResponse, Response};

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// The person's name.
    pub username: String,
    /// Whether they are an admin.
    pub admin: bool,
    /// `dark`, `light` or empty.
    pub theme: String,
    /// Cases that need a decision, counted up to 999.
    pub waiting: i64,
    /// The newest entry of the timeline that the page can know; what came since is fetched at once.
    pub feed: i64,
    /// Now.
    pub now: When,
    /// The current part of the navigation.
    pub at: &'static str,
    /// What the search field holds.
    pub q: String,
    /// Whether built-in voters stand in for models.
    pub standing_in: bool,
    /// Whether this is the demo.
    pub demo: bool,
    /// Actions that wait for a second person: the case, the kind, who asked.
    pub approvals: Vec<(i64, &'static str, String)>,
    /// What the person is to be told until they have seen it.
    pub reminders: Vec<Told>,
    /// Up to when that is.
    pub reminded_ms: i64,
    /// Whether they are a lead.
    pub lead: bool,
    /// Whether nothing can be stored, because the disk is full.
    pub disk_full: bool,
    /// `compact`, or empty for comfortable.
    pub density: String,
    /// Whether single keys do something.
    pub keys: bool,
    /// The second clock's time zone, or empty.
    pub zone: String,
}

/// A page of the administration.
#[derive(Debug)]
pub struct Place {
    /// Its address.
    pub path: &'static str,
    /// Its name in [`Chrome::at`].
    pub at: &'static str,
    /// What the navigation calls it.
    pub label: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// Who sees it.
    pub least: Role,
}

const fn place(path: &'static str, at: &'static str, label: &'static str, icon: &'static str) -> Place {
    Place { path, at, label, icon, least: Role::Admin }
}

/// The pages of the administration, in the order of the navigation.
pub const ADMINISTRATION: &[Place] = &[
    place("/admin/users", "users", "People", "user"),
    place("/admin/tokens", "tokens", "API tokens", "key"),
    place("/admin/orgs", "orgs", "Organisations", "admin"),
    place("/admin/integrations", "integrations", "Integrations", "link"),
    place("/admin/intake", "intake", "Intake", "clock"),
    place("/admin/rejects", "rejects", "Refused deliveries", "warn"),
    Place { least: Role::Lead, ..place("/admin/policy", "policy", "Policy", "rules") },
    Place { least: Role::Lead, ..place("/admin/templates", "templates", "Task templates", "check") },
    place("/admin/system", "system", "System", "host"),
    place("/admin/audit", "audit", "Audit log", "sweep"),
];

/// Counts in the navigation and tabs stop here.
pub const COUNT_MOST: i64 = 1_000;

/// Waiting actions that a page names.
const APPROVALS: i64 = 5;
/// Cases that a reminder names.
const REMINDERS: i64 = 10;

/// What a person is told: a sentence, and the cases that it is about.
pub type Told = (String, Vec<i64>);

/// Reminders in words: cases that are back together, cases that were taken each by itself.
fn reminded(all: &[Reminder]) -> Vec<Told> {
    let back: Vec<i64> = all.iter().filter(|one| one.kind == "woken").map(|one| one.case_number).collect();
    let said = match back.len() {
        0 => None,
        1 => Some("1 case is back from snooze".to_owned()),
        count => Some(format!("{count} cases are back from snooze")),
    };
    let taken = all.iter().filter(|one| one.kind == "taken");
    let taken = taken.map(|one| (format!("{} took over from you", visible(&one.by_name)), vec![one.case_number]));
    said.map(|said| (said, back)).into_iter().chain(taken).collect()
}

impl Chrome {
    /// The number of waiting cases as shown.
    pub fn waiting_text(&self) -> String {
        count_text(self.waiting)
    }

    /// The pages of the administration that this person sees.
    pub fn places(&self) -> Vec<&'static Place> {
        let role = if self.admin { Role::Admin } else { Role::Lead };
        let known = ADMINISTRATION.iter().filter(|place| self.lead && role >= place.least);
        known.collect()
    }

    /// Whether this is one of them.
    pub fn administers(&self) -> bool {
        ADMINISTRATION.iter().any(|place| place.at == self.at)
    }

    /// The frame for a person's page.
    pub async fn of(app: &App, me: &SignedIn, at: &'static str) -> Result<Self> {
        let feed = app.newest.borrow().id;
        let mut tx = app.store.read().await?;
        let waiting = queue::count(&mut tx, me.scope(), View::NeedsDecision, COUNT_MOST).await?;
        let approvals = match me.user.role {
            Role::Viewer => Vec::new(),
            _ => actions::waiting(&mut tx, me.scope(), APPROVALS).await?,
        };
        let reminders = reminders::of(&mut tx, me.scope(), REMINDERS).await?;
        drop(tx);
        let standing_in = app.panel.current(&app.store).await.is_ok_and(|seats| seats.standing_in);
        Ok(Self {
            username: me.user.username.clone(),
            admin: me.user.role >= Role::Admin,
            theme: me.user.theme.clone(),
            waiting,
            feed,
            now: when(now_ms()),
            at,
            q: String::new(),
            standing_in,
            demo: app.demo,
            approvals: approvals.into_iter().map(|(case, kind, by)| (case, kind.label(), visible(&by))).collect(),
            reminded_ms: reminders.iter().map(|one| one.at_ms).max().unwrap_or_default(),
            reminders: reminded(&reminders),
            lead: me.user.role >= Role::Lead,
            disk_full: app.batcher.disk_full(),
            density: me.user.density.clone(),
            keys: me.user.keys,
            zone: me.user.zone.clone(),
        })
    }
}

/// A count as shown: `1000+` where counting stopped.
pub fn count_text(count: i64) -> String {
    if count >= COUNT_MOST { format!("{COUNT_MOST}+") } else { count.to_string() }
}

/// A rendered page.
pub struct Page<T>(pub T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => crate::error::AppError::from(error).into_response(),
        }
    }
}

/// The page of an error.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The HTTP status.
    pub status: u16,
    /// Its name.
    pub title: String,
    /// What happened, for the person.
    pub detail: String,
    /// The request's id.
    pub request_id: String,
}
