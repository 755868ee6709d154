//! Stands in for sign-in by OpenID Connect in a build without the feature `oidc`: no settings lead here.
use crate::config::Config;
use crate::error::AppError;
use std::future::{Ready, ready};
use std::sync::Arc;

/// No provider.
pub enum Provider {}

impl Provider {
    /// Always none; settings that name one were refused before.
    ///
    /// # Errors
    /// Never.
    pub fn build(_: &Config) -> Result<Option<Arc<Self>>, String> {
        Ok(None)
    }

    /// There is nothing to check.
    ///
    /// # Errors
    /// Never.
    pub fn check(&self) -> Ready<Result<(), String>> {
        match *self {}
    }
}

/// `GET /login/oidc`
pub fn start() -> Ready<AppError> {
    ready(AppError::Unknown("page"))
}

/// `GET /login/oidc/callback`
pub fn callback() -> Ready<AppError> {
    ready(AppError::Unknown("page"))
}
