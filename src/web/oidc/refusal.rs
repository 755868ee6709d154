//! What is answered where nobody is signed in: a page without the provider's words, and a line in the ledger with why.
use crate::clock::now_ms;
use crate::error::{AppError, Result};
use crate::store::Actor;
use crate::store::record::{Ended, Entry, audit_as};
use crate::web::App;
use crate::web::page::Page;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why somebody was not signed in.
#[derive(Debug)]
pub(super) enum No {
    /// A rule was broken, which only the log and the ledger name.
    Plain(String),
    /// The provider gave no answer.
    Down(String),
    /// The person is in no group that stands for a role.
    Unmapped,
    /// Their name is that of a person here to whom the identity does not belong.
    Taken(String),
    /// A fault of ours.
    Fault(AppError),
}

impl No {
    pub fn plain(why: impl Into<String>) -> Self {
        Self::Plain(why.into())
    }

    /// Status, what the page says, and what the ledger keeps.
    fn told(self, name: &str) -> Result<(StatusCode, String, String)> {
        Ok(match self {
            Self::Plain(why) => (
                StatusCode::UNAUTHORIZED,
                "Signing in did not succeed. Begin again, or ask an admin: the audit log says why.".to_owned(),
                why,
            ),
            Self::Down(why) => (
                StatusCode::BAD_GATEWAY,
                format!("There is no usable answer from {name} now. Sign in with a password, or try again later."),
                format!("no answer: {why}"),
            ),
            Self::Unmapped => (
                StatusCode::FORBIDDEN,
                format!("Your account is known to {name} but no group of it maps to a role here. Ask an admin."),
                "in no group that stands for a role".to_owned(),
            ),
            Self::Taken(username) => (
                StatusCode::FORBIDDEN,
                format!(
                    "There is somebody named {username} here already, and your account of {name} is not linked to them. \
                     Ask an admin."
                ),
                "the name is somebody else's".to_owned(),
            ),
            Self::Fault(error) => return Err(error),
        })
    }
}

impl From<AppError> for No {
    fn from(error: AppError) -> Self {
        Self::Fault(error)
    }
}

impl From<sqlx::Error> for No {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error.into())
    }
}

#[derive(Template)]
#[template(path = "login_refused.html")]
struct Refused {
    text: String,
}

/// The page alone.
pub(super) fn page(status: StatusCode, text: String) -> Response {
    (status, Page(Refused { text })).into_response()
}

/// A sign-in that could not even begin: nobody did anything that the ledger has to keep.
pub(super) fn not_begun(no: No, name: &str) -> Result<Response> {
    let (status, text, why) = no.told(name)?;
    tracing::warn!(why, "a sign-in by OpenID Connect could not begin");
    Ok(page(status, text))
}

/// Enters why and answers with the page.
pub(super) async fn refuse(app: &App, actor: &Actor, no: No, name: &str) -> Result<Response> {
    let (status, text, why) = no.told(name)?;
    tracing::warn!(why, "a sign-in by OpenID Connect was refused");
    crate::metrics::login_failed("provider");
    let object = format!("account:{}", actor.name);
    let entry = Entry { action: "login_failed", object: &object, old: "", new: &why };
    let mut tx = app.store.write().await?;
    audit_as(&mut tx, actor, None, &entry, Ended::Failed, now_ms()).await?;
    tx.commit().await?;
    Ok(page(status, text))
}
