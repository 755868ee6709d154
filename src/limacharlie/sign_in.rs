//! The token: made of the API key, used until ten minutes before its end, renewed when refused.
use super::call::{Effect, Request};
use super::error::plain;
use super::{Client, Error, Result};
use crate::clock::now_ms;
use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token that ends sooner is not used for another call.
const MARGIN_MS: i64 = 600_000;

/// The token in use. One caller renews it, the others wait.
#[derive(Default)]
pub(super) struct SignIn(Mutex<Option<Token>>);

/// What is sent with each call.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: Secret,
    /// The key that it was made of.
    made_of: Secret,
    use_until_ms: i64,
}

impl Client {
    /// The token in use, or a new one where there is none or it is `refused`.
    pub(super) async fn token(&self, refused: Option<&Token>, until: Instant) -> Result<Token> {
        let mut known = self.0.sign_in.0.lock().await;
        let key = self.key().now().map_err(|error| Error::SignIn(error.to_string()))?;
        let key = key.ok_or_else(|| Error::SignIn("no API key is set".to_owned()))?;
        // A key that was replaced may have been stolen: what was made of it is not used any more.
        let usable = known.as_ref().filter(|token| {
            token.made_of == key
                && token.use_until_ms > now_ms()
                && refused.is_none_or(|refused| refused.text != token.text)
        });
        if let Some(token) = usable {
            return Ok(token.clone());
        }
        *known = None;
        let token = self.exchange(key, until).await?;
        *known = Some(token.clone());
        drop(known);
        Ok(token)
    }

    async fn exchange(&self, key: Secret, until: Instant) -> Result<Token> {
        #[derive(Deserialize)]
        struct Reply {
            jwt: String,
        }
        let settings = &self.0.settings;
        let form = [("oid", settings.oid.as_str()), ("secret", key.expose())];
        let request = Request::post(settings.jwt_url.clone(), Effect::Read).form(&form);
        let body = match self.attempts(&request, None, until).await {
            Err(Error::Refused { said, .. } | Error::Bad(said)) => return Err(Error::SignIn(said)),
            Err(Error::NotFound) => return Err(Error::SignIn("jwt_url leads nowhere".to_owned())),
            other => other?,
        };
        let reply: Reply = serde_json::from_slice(&body)
            .map_err(|_| Error::SignIn(format!("the answer holds no token: {}", plain(&start_of(&body)))))?;
        if reply.jwt.is_empty() || !reply.jwt.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::SignIn("the answer holds no token".to_owned()));
        }
        let use_until_ms = ends_ms(&reply.jwt).map_or(0, |end| end.saturating_sub(MARGIN_MS));
        Ok(Token { text: Secret::new(reply.jwt), made_of: key, use_until_ms })
    }
}

/// The first bytes of an answer that is no token; a token is never part of a message.
fn start_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
    if text.contains("eyJ") { String::new() } else { text }
}

/// When a token ends by its own words, in UTC milliseconds; nobody but its maker can check them.
fn ends_ms(jwt: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let payload = jwt.split('.').nth(1)?.trim_end_matches('=');
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    // Fractions of a second don't matter ten minutes before the end.
    #[expect(clippy::cast_possible_truncation)]
    let seconds = claims.exp as i64;
    seconds.checked_mul(1000)
}
