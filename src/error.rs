//! The one error that a handler returns; the edge turns it into a page or into problem+json.
use crate::admin::AdminError;
use crate::ingest::batch::Refused;
use crate::review::ReviewError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a handler returns.
pub type Result<T, E = AppError> = std::result::Result<T, E>;

/// Why a request failed, in words that may be shown.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such thing, or this person may not see it.
    #[error("No such case, or you may not see it.")]
    NotFound,
    /// There is no such thing as the address names, or this person may not see it.
    #[error("No such {0}, or you may not see it.")]
    Unknown(&'static str),
    /// What the address names was there, and was removed for good.
    #[error("{0}")]
    Gone(String),
    /// Nobody is signed in; the path to come back to.
    #[error("Please sign in.")]
    SignedOut(String),
    /// A token is missing, wrong, expired or revoked.
    #[error("A valid API token is needed.")]
    Unauthorized,
    /// A webhook's signature is missing or wrong.
    #[error("lc-signature: missing or wrong")]
    Unsigned,
    /// The person or the token may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The request can't be read at all.
    #[error("{0}")]
    BadRequest(String),
    /// A field is wrong.
    #[error("{field}: {text}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong with it.
        text: String,
    },
    /// Somebody was faster.
    #[error("{0}")]
    Conflict(String),
    /// Too often; seconds to wait.
    #[error("Too many requests. Try again in {0} s.")]
    TooMany(u64),
    /// The body did not arrive.
    #[error("The request took too long to arrive.")]
    Slow,
    /// The body is too large.
    #[error("The body is too large.")]
    TooLarge,
    /// The body is of a kind that is not accepted.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The store is busy; the client should try again.
    #[error("The store is busy. Try again in a few seconds.")]
    Busy,
    /// All places for something are taken.
    #[error("{0}")]
    Crowded(&'static str),
    /// The disk is full.
    #[error("The disk is full, nothing was stored. It works again by itself when there is space.")]
    Full,
    /// Set-up is missing.
    #[error("{0}")]
    NotReady(&'static str),
    /// A fault of ours; the log has it.
    #[error("Something broke on our side.")]
    Internal(#[source] anyhow::Error),
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        if crate::store::is_full(&error) {
            Self::Full
        } else if crate::store::is_busy(&error) {
            Self::Busy
        } else if crate::store::is_conflict(&error) {
            Self::Conflict("Somebody did the same at the same moment. Look again, then try once more.".to_owned())
        } else {
            Self::Internal(error.into())
        }
    }
}

impl From<Refused> for AppError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Crowded => Self::TooMany(1),
            Refused::Store(error) => error.into(),
        }
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<ReviewError> for AppError {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Invalid { field, text } => Self::Invalid { field: field.to_owned(), text },
            ReviewError::Conflict(text) => Self::Conflict(text),
            ReviewError::Missing(what) => Self::Unknown(what),
            ReviewError::Store(error) => error.into(),
        }
    }
}

impl From<AdminError> for AppError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::Missing(what) => Self::Unknown(what),
            AdminError::Denied(text) => Self::Forbidden(text),
            AdminError::Conflict(text) => Self::Conflict(text.to_owned()),
            AdminError::Invalid { field, text } => Self::Invalid { field: field.to_owned(), text: text.to_owned() },
            AdminError::Store(error) => error.into(),
        }
    }
}

impl AppError {
    /// What a page with the form says itself: the status, and what is wrong. The error where it can't.
    ///
    /// # Errors
    /// Where it is about no field and no right: something is missing or broke.
    pub fn shown(self) -> Result<(StatusCode, String), Self> {
        match self {
            Self::Invalid { .. } | Self::Forbidden(_) | Self::Conflict(_) => Ok((self.status(), self.to_string())),
            other => Err(other),
        }
    }

    /// Why a body did not arrive.
    pub fn from_body(error: &axum::extract::rejection::BytesRejection) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::Slow }
    }
}

/// What the edge needs to render an error for the client at hand.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The words for the person.
    pub detail: String,
}

impl AppError {
    /// The status that is answered.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Gone(_) => StatusCode::GONE,
            Self::SignedOut(_) | Self::Unauthorized | Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Busy | Self::Crowded(_) | Self::NotReady(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        if let Self::SignedOut(next) = &self {
            let to = format!(
                "/login?next={}",
                percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC)
            );
            return axum::response::Redirect::to(&to).into_response();
        }
        if let Self::Internal(error) = &self {
            tracing::error!(error = format!("{error:#}"), "a request failed");
        }
        let mut response = self.status().into_response();
        let extra = match &self {
            Self::Unauthorized => Some((header::WWW_AUTHENTICATE, "Bearer".to_owned())),
            Self::TooMany(seconds) => Some((header::RETRY_AFTER, seconds.to_string())),
            Self::Busy => Some((header::RETRY_AFTER, "5".to_owned())),
            Self::Crowded(_) => Some((header::RETRY_AFTER, "15".to_owned())),
            Self::Full => Some((header::RETRY_AFTER, "30".to_owned())),
            _ => None,
        };
        if let Some((name, value)) =
            extra.and_then(|(name, value)| HeaderValue::from_str(&value).ok().map(|value| (name, value)))
        {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(Problem { detail: self.to_string() });
        response
    }
}
