//! A program that is told by a signed POST, in the form of Standard Webhooks.
//!
//! `webhook-signature` is `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`, where the others
//! are the headers `webhook-id` and `webhook-timestamp` (seconds since 1970). Source:
//! the Standard Webhooks specification 1.0, "Signature scheme".
use super::{BadChannel, Made, Message, Notifier, bad};
use crate::clock::now_ms;
use crate::config::Config;
use crate::outbound::client;
use crate::secret;
use crate::voters::address::is_loopback;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::Path;
use std::sync::Arc;

/// A shorter key could be guessed.
const KEY_LEAST: usize = 16;

struct Webhook {
    url: reqwest::Url,
    key: Vec<u8>,
    client: reqwest::Client,
}

/// The webhook of the settings.
///
/// # Errors
/// A setting that can't be used.
pub fn make(config: &Config) -> Result<Option<Made>, BadChannel> {
    const URL: &str = "webhook.url";
    let Some(settings) = &config.notify.webhook else { return Ok(None) };
    let url = reqwest::Url::parse(&settings.url).map_err(|error| bad(URL, error))?;
    // The address itself is the admin's choice, an inner one included.
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&settings.url) => {}
        _ => return Err(bad(URL, "must be https; plain http is used on this machine only")),
    }
    let text =
        secret::from_file(Path::new(&settings.secret_file)).map_err(|error| bad("webhook.secret_file", error))?;
    let key = match text.expose().strip_prefix("whsec_") {
        Some(encoded) => {
            STANDARD.decode(encoded).map_err(|_| bad("webhook.secret_file", "after whsec_ must come base64"))?
        }
        None => text.expose().as_bytes().to_vec(),
    };
    if key.len() < KEY_LEAST {
        return Err(bad("webhook.secret_file", format!("must hold at least {KEY_LEAST} bytes")));
    }
    let client = client().map_err(|error| bad(URL, error))?;
    Ok(Some((Arc::new(Webhook { url, key, client }), settings.orgs.clone())))
}

/// The signature of a body.
fn sign(key: &[u8], id: &str, timestamp: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// What a person can do something with: the innermost reason, without the address, which may hold a token.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut inner: &dyn std::error::Error = &error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[async_trait]
impl Notifier for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn target(&self) -> String {
        // The path often is the secret.
        self.url.origin().ascii_serialization()
    }

    async fn send(&self, message: &Message) -> Result<(), String> {
        let (body, timestamp) = (message.json().to_string(), now_ms() / 1000);
        let signature = sign(&self.key, &message.id, timestamp, &body).ok_or("the key can't sign")?;
        let sent = self.client.post(self.url.clone()).header("content-type", "application/json");
        let sent = sent.header("webhook-id", &message.id).header("webhook-timestamp", timestamp);
        let counted = crate::metrics::Call::begin("webhook");
        let reply = sent.header("webhook-signature", signature).body(body).send().await.map_err(reason)?;
        counted.answered(reply.status().as_u16());
        match reply.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => Err(format!("it answered {status}; redirects are not followed")),
            status => Err(format!("it answered {status}")),
        }
    }

    async fn probe(&self) -> Result<(), String> {
        // Any answer shows that somebody is there.
        self.client.head(self.url.clone()).send().await.map(|_| ()).map_err(reason)
    }
}
