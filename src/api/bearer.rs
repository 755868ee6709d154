//! API tokens: `fsoc_`, 64 hex digits, 8 of checksum; only in the `Authorization` header.
use crate::clock::now_ms;
use crate::domain::role::Scope as TokenScope;
use crate::error::{AppError, Result};
use crate::store::tokens::{self, Token};
use crate::store::{Actor, ActorKind, Scope, Store, wall};
use crate::web::App;
use crate::web::auth::{client_address, fingerprint};
use crate::web::edge::{Asker, RequestId};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

/// Makes a new token.
pub fn new_token() -> String {
    let secret = hex::encode(rand::random::<[u8; 32]>());
    format!("fsoc_{secret}{}", checksum(&secret))
}

/// The checksum tells a mistyped token without asking the database.
fn checksum(secret: &str) -> String {
    hex::encode(Sha256::digest(format!("fusionsoc:{secret}")))[..8].to_owned()
}

fn is_well_formed(token: &str) -> bool {
    let Some(rest) = token.strip_prefix("fsoc_") else { return false };
    rest.len() == 72 && rest.is_ascii() && checksum(&rest[..64]) == rest[64..]
}

/// The token of an `Authorization` header; its scheme may be written in any case, by RFC 9110.
fn token_of(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && is_well_formed(token)).then_some(token)
}

/// A program with a token.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// Its token.
    pub token: Token,
    /// The SHA-256 of its text.
    pub hash: Vec<u8>,
    client: String,
    request_id: String,
}

impl Bearer {
    /// Whose rows it may see.
    pub const fn scope(&self) -> Scope {
        Scope::org(self.token.org_id)
    }

    /// It as the one who acts.
    pub fn actor(&self) -> Actor {
        Actor {
            kind: ActorKind::Token,
            name: self.token.name.clone(),
            client: self.client.clone(),
            request_id: self.request_id.clone(),
        }
    }

    /// Goes on only where the token has the scope.
    ///
    /// # Errors
    /// `Forbidden` otherwise.
    pub fn may(&self, scope: TokenScope) -> Result<()> {
        let has = self.token.scopes.split(',').any(|known| known == scope.as_str());
        if has { Ok(()) } else { Err(AppError::Forbidden("This token does not have the scope for that.")) }
    }
}

impl FromRequestParts<App> for Bearer {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let hash = fingerprint(header.and_then(token_of).ok_or(AppError::Unauthorized)?);
        let mut tx = app.store.read().await?;
        let token = tokens::live(&mut tx, &hash, now_ms()).await?.ok_or(AppError::Unauthorized)?;
        drop(tx);
        if token.used_ms.is_none_or(|used| now_ms() - used > 60_000) {
            wall::spawn(touch(app.store.clone(), token.id));
        }
        let per_minute = f64::from(app.config.limits.token_per_minute);
        // Deliveries have limits of their own.
        if parts.uri.path() != "/api/v1/detections" {
            app.buckets
                .take(&format!("token:{}", token.id), per_minute / 60.0, per_minute)
                .map_err(AppError::TooMany)?;
        }
        if let Some(asker) = parts.extensions.get::<Asker>() {
            asker.is(&format!("token:{}", token.name));
        }
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self { token, hash, client: client_address(app, parts), request_id })
    }
}

/// Notes that a token was used. Not part of the request: reading must work where nothing can be written.
async fn touch(store: Store, id: i64) {
    let touched = async {
        let mut tx = store.write().await?;
        tokens::touch(&mut tx, id, now_ms()).await?;
        tx.commit().await
    };
    if let Err(error) = touched.await {
        tracing::warn!(%error, "a token could not be noted as used");
    }
}
