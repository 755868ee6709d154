//! The provider: what it says of itself, where it is asked to sign somebody in, and what it then vouches for.
use super::refusal::No;
use super::wire::Wire;
use crate::clock::now_ms;
use crate::config::{Config, OidcConfig};
use crate::intel::Trouble;
use crate::limits;
use crate::secret::Secret;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreProviderMetadata};
use openidconnect::{
    AuthType, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, JsonWebKeySet, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A client that knows where to send people, and where to ask if the provider names that.
pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What is kept of the provider, and when it was asked.
#[derive(Default)]
struct Known {
    metadata: Option<CoreProviderMetadata>,
    metadata_ms: i64,
    keys_ms: i64,
    failed_ms: i64,
}

/// The OpenID Connect provider of the settings.
pub struct Provider {
    pub(super) config: OidcConfig,
    secret: Option<Secret>,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    pub(super) wire: Wire,
    known: Mutex<Known>,
}

/// What comes and goes between the two ends of one sign-in.
pub(super) struct Proof {
    pub nonce: Nonce,
    pub verifier: PkceCodeVerifier,
}

impl Provider {
    /// Reads the settings; nothing is asked before somebody wants to sign in.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn build(config: &Config) -> Result<Option<Arc<Self>>, String> {
        let Some(own) = config.oidc.clone() else { return Ok(None) };
        let redirect = format!("{}/login/oidc/callback", config.public_url());
        Ok(Some(Arc::new(Self {
            secret: own.secret().map_err(|error| error.to_string())?,
            issuer: IssuerUrl::new(own.issuer.clone()).map_err(|error| format!("oidc.issuer: {error}"))?,
            redirect: RedirectUrl::new(redirect).map_err(|error| format!("server.public_url: {error}"))?,
            wire: Wire::new().map_err(|error| format!("oidc: {error}"))?,
            known: Mutex::default(),
            config: own,
        })))
    }

    /// Asks for the discovery document and the keys.
    ///
    /// # Errors
    /// What is wrong with them.
    pub async fn check(&self) -> Result<(), String> {
        self.discover().await.map(drop)
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, String> {
        let metadata = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.wire).await.map_err(found)?;
        if metadata.token_endpoint().is_none() {
            return Err("its discovery document names no token endpoint".to_owned());
        }
        if !crate::intel::settings::is_closed(metadata.authorization_endpoint().url()) {
            return Err("its authorization endpoint is neither https nor of this machine".to_owned());
        }
        Ok(metadata)
    }

    /// What the provider says of itself, at most an hour old. A provider that failed is left alone for a moment.
    pub(super) async fn metadata(&self) -> Result<CoreProviderMetadata, No> {
        let mut known = self.known.lock().await;
        let now = now_ms();
        if let Some(metadata) = known.metadata.as_ref().filter(|_| now - known.metadata_ms < limits::OIDC_KNOWN_MS) {
            return Ok(metadata.clone());
        }
        if now - known.failed_ms < limits::OIDC_REST_MS {
            return Err(No::Down("it failed a moment ago".to_owned()));
        }
        match self.discover().await {
            Ok(metadata) => {
                *known = Known { metadata: Some(metadata.clone()), metadata_ms: now, keys_ms: now, failed_ms: 0 };
                Ok(metadata)
            }
            Err(why) => {
                // From the end of the try on: it may have taken longer than the rest.
                known.failed_ms = now_ms();
                Err(No::Down(why))
            }
        }
    }

    /// The same with keys that were just fetched; nothing where they are younger than a minute.
    pub(super) async fn with_new_keys(&self) -> Result<Option<CoreProviderMetadata>, No> {
        let mut known = self.known.lock().await;
        let now = now_ms();
        if now - known.keys_ms < limits::OIDC_KEYS_MS {
            return Ok(None);
        }
        let Some(metadata) = known.metadata.clone() else { return Ok(None) };
        known.keys_ms = now;
        let keys = JsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.wire).await;
        let metadata = metadata.set_jwks(keys.map_err(|error| No::Down(found(error)))?);
        known.metadata = Some(metadata.clone());
        Ok(Some(metadata))
    }

    /// A client for what the provider says of itself.
    pub(super) fn client(&self, metadata: CoreProviderMetadata) -> Client {
        let ways = metadata.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
        let in_body = ways.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !ways.contains(&CoreClientAuthMethod::ClientSecretBasic);
        let secret = self.secret.as_ref().map(|secret| ClientSecret::new(secret.expose().to_owned()));
        let id = ClientId::new(self.config.client_id.clone());
        CoreClient::from_provider_metadata(metadata, id, secret)
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth })
    }

    /// Where a browser is sent to sign in.
    pub(super) async fn address(&self, state: String, proof: &Proof) -> Result<String, No> {
        let client = self.client(self.metadata().await?);
        let nonce = proof.nonce.clone();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        // The library adds `openid` by itself.
        let scopes = self.config.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let (url, _, _) = client
            .authorize_url(flow, || CsrfToken::new(state), || nonce)
            .add_scopes(scopes)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&proof.verifier))
            .url();
        Ok(url.into())
    }
}

/// Why a document of the provider's can't be used, without its own words.
fn found(error: DiscoveryError<Trouble>) -> String {
    match error {
        DiscoveryError::Request(trouble) => trouble.to_string(),
        DiscoveryError::Response(status, _, _) if !status.is_success() => format!("it answered {}", status.as_u16()),
        DiscoveryError::Response(..) => "it answered with something other than JSON".to_owned(),
        DiscoveryError::Parse(error) => format!("its document can't be read at {}", error.path()),
        DiscoveryError::Validation(_) => "its document is of another issuer".to_owned(),
        _ => "its address can't be used".to_owned(),
    }
}
