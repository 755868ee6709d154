//! What the provider vouches for: the code is exchanged, and the ID token held against every rule.
use super::provider::{Client, Proof, Provider};
use super::refusal::No;
use crate::clock::now_ms;
use crate::intel::Trouble;
use crate::limits;
use crate::web::view::text::start;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreErrorResponseType, CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet,
    CoreJwsSigningAlgorithm as Algorithm, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthorizationCode, ClaimsVerificationError as Wrong, ClientId, IdTokenVerifier,
    IssuerUrl, Nonce, OAuth2TokenResponse, RequestTokenError, SignatureVerificationError, StandardErrorResponse,
    SubjectIdentifier, TokenResponse, UserInfoClaims, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Signatures by a key that the provider alone has. One by a shared secret proves nothing here, none at all even less.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

const EARLY: &str = "issued in the future";

/// Who came, by the provider's word.
pub(super) struct Came {
    pub subject: String,
    pub username: String,
    pub groups: Vec<String>,
}

/// Every claim as it came.
#[derive(Debug, Serialize, Deserialize)]
struct All {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for All {}

/// Both ends of a token's life are read off the one clock.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms()).unwrap_or_default())
}

impl Provider {
    /// Exchanges a code for what the provider vouches for.
    pub(super) async fn came(&self, code: String, proof: Proof) -> Result<Came, No> {
        let metadata = self.metadata().await?;
        let keys = metadata.jwks().clone();
        let client = self.client(metadata);
        let asked = client.exchange_code(AuthorizationCode::new(code)).map_err(|_| No::plain("no token endpoint"))?;
        let answer = asked.set_pkce_verifier(proof.verifier).request_async(&self.wire).await.map_err(refused)?;
        let token = answer.id_token().ok_or_else(|| No::plain("the token endpoint gave no ID token"))?;
        let claims = match self.verified(keys, &answer, token, &proof.nonce) {
            Err(Wrong::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let Some(metadata) = self.with_new_keys().await? else { return Err(No::plain("unknown key")) };
                self.verified(metadata.jwks().clone(), &answer, token, &proof.nonce)
            }
            other => other,
        };
        let claims = claims.map_err(|wrong| No::plain(words(&wrong)))?;
        self.read(&client, &answer, claims, payload(token)).await
    }

    fn verified<'a>(
        &self,
        keys: CoreJsonWebKeySet,
        answer: &CoreTokenResponse,
        token: &'a CoreIdToken,
        nonce: &Nonce,
    ) -> Result<&'a CoreIdTokenClaims, Wrong> {
        // As for a client without a secret: the library then takes no signature by a shared secret either.
        let issuer = IssuerUrl::new(self.config.issuer.clone());
        let issuer = issuer.map_err(|_| Wrong::InvalidIssuer(String::new()))?;
        let id = ClientId::new(self.config.client_id.clone());
        let verifier = IdTokenVerifier::new_public_client(id.clone(), issuer, keys)
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(|| now().into())
            .set_issue_time_verifier_fn(|at| {
                let early = at.timestamp_millis() > now_ms() + limits::OIDC_SKEW_MS;
                if early { Err(EARLY.to_owned()) } else { Ok(()) }
            });
        let claims = token.claims(&verifier, nonce)?;
        if claims.authorized_party().is_some_and(|party| *party != id) {
            return Err(Wrong::InvalidAudience("issued to another client".to_owned()));
        }
        if let Some(hash) = claims.access_token_hash() {
            let key = token.signing_key(&verifier).map_err(Wrong::SignatureVerification)?;
            let algorithm = token.signing_alg().map_err(Wrong::SignatureVerification)?;
            let ours = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if ours.ok().as_ref() != Some(hash) {
                return Err(Wrong::Other("the access token is another one".to_owned()));
            }
        }
        Ok(claims)
    }

    /// Reads the claims; what the ID token lacks is asked for.
    async fn read(
        &self,
        client: &Client,
        answer: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
        mut known: Map<String, Value>,
    ) -> Result<Came, No> {
        let (name, groups) = (&self.config.username_claim, &self.config.groups_claim);
        let lacks = [name, groups].into_iter().any(|claim| !known.contains_key(claim));
        if lacks && client.user_info_url().is_some() {
            for (claim, value) in self.told(client, answer, claims.subject().clone()).await? {
                known.entry(claim).or_insert(value);
            }
        }
        let subject = claims.subject().to_string();
        if !(1..=255).contains(&subject.len()) || subject.chars().any(char::is_control) {
            return Err(No::plain("the subject can't be used"));
        }
        let username = known.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_lowercase();
        Ok(Came { subject, username, groups: texts(known.get(groups)) })
    }

    /// What the provider tells of a person beside the ID token.
    async fn told(
        &self,
        client: &Client,
        answer: &CoreTokenResponse,
        subject: SubjectIdentifier,
    ) -> Result<Map<String, Value>, No> {
        let asked = client.user_info(answer.access_token().clone(), Some(subject));
        let asked = asked.map_err(|_| No::plain("no user info endpoint"))?;
        let told: Result<UserInfoClaims<All, CoreGenderClaim>, _> = asked.request_async(&self.wire).await;
        let told = told.map_err(|error| match error {
            UserInfoError::Request(trouble) => No::Down(trouble.to_string()),
            UserInfoError::ClaimsVerification(wrong) => No::plain(format!("user info: {}", words(&wrong))),
            _ => No::plain("the user info can't be read"),
        })?;
        let told = serde_json::to_value(&told).unwrap_or_default();
        Ok(told.as_object().cloned().unwrap_or_default())
    }
}

/// The claims of a token that was verified.
fn payload(token: &CoreIdToken) -> Map<String, Value> {
    let text = token.to_string();
    let bytes = text.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// A claim that is a text or a list of texts.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Why the token endpoint gave nothing.
fn refused(error: RequestTokenError<Trouble, StandardErrorResponse<CoreErrorResponseType>>) -> No {
    match error {
        RequestTokenError::Request(trouble) => No::Down(format!("token endpoint: {trouble}")),
        RequestTokenError::ServerResponse(said) => {
            No::plain(format!("the token endpoint says {}", start(said.error().as_ref(), 64)))
        }
        RequestTokenError::Parse(..) => No::plain("the token endpoint's answer can't be read"),
        RequestTokenError::Other(_) => No::plain("the token endpoint's answer is none"),
    }
}

/// What is wrong with a token, in our words: its own are the sender's.
fn words(wrong: &Wrong) -> &'static str {
    match wrong {
        Wrong::Expired(text) if text == EARLY => EARLY,
        Wrong::Expired(_) => "expired",
        Wrong::InvalidAudience(_) => "for another audience",
        Wrong::InvalidIssuer(_) => "of another issuer",
        Wrong::InvalidNonce(_) => "wrong nonce",
        Wrong::InvalidSubject(_) => "of another subject",
        Wrong::SignatureVerification(wrong) => match wrong {
            SignatureVerificationError::NoMatchingKey => "unknown key",
            SignatureVerificationError::NoSignature => "not signed",
            SignatureVerificationError::DisallowedAlg(_) | SignatureVerificationError::UnsupportedAlg(_) => {
                "signed in a way that is not accepted"
            }
            _ => "wrong signature",
        },
        Wrong::Other(_) => "of another access token",
        _ => "of a kind that is not accepted",
    }
}
