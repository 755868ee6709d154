//! Keys of the fake provider, made when they are first wanted, and the tokens that they sign.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair, RsaKeyPair};
use ring::{digest, hmac};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::sync::LazyLock;

struct Rsa {
    pair: RsaKeyPair,
    pem: String,
    jwk: Value,
}

struct Ec {
    pair: EcdsaKeyPair,
    jwk: Value,
}

static RSA: LazyLock<Rsa> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let (n, e) = (BASE64.encode(key.n().to_bytes_be()), BASE64.encode(key.e().to_bytes_be()));
    Rsa {
        pair: RsaKeyPair::from_pkcs8(key.to_pkcs8_der().unwrap().as_bytes()).unwrap(),
        pem: key.to_public_key().to_public_key_pem(LineEnding::LF).unwrap(),
        jwk: json!({"kty": "RSA", "use": "sig", "alg": "RS256", "n": n, "e": e}),
    }
});
static EC: LazyLock<Ec> = LazyLock::new(ec);
/// A key that is nobody's.
static OTHER: LazyLock<Ec> = LazyLock::new(ec);

fn ec() -> Ec {
    let (way, random) = (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let bytes = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(way, bytes.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref()[1..].to_vec();
    let (x, y) = (BASE64.encode(&point[..32]), BASE64.encode(&point[32..]));
    Ec { pair, jwk: json!({"kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "x": x, "y": y}) }
}

/// The public key as anybody can fetch it.
pub fn public_pem() -> &'static str {
    &RSA.pem
}

/// The document with the public keys; their ids end in a number.
pub fn set(number: u32) -> Value {
    let with_id = |jwk: &Value, id: String| {
        let mut jwk = jwk.clone();
        jwk["kid"] = id.into();
        jwk
    };
    json!({"keys": [with_id(&RSA.jwk, format!("rsa-{number}")), with_id(&EC.jwk, format!("ec-{number}"))]})
}

/// Who signs.
#[derive(Debug, Clone)]
pub enum Signer {
    Rsa,
    Ec,
    OtherEc,
    Shared(Vec<u8>),
    Nobody,
}

/// A token before it is signed, for a test to forge.
#[derive(Debug, Clone)]
pub struct Draft {
    pub header: Value,
    pub claims: Value,
    pub signer: Signer,
}

impl Draft {
    /// The token as it is sent.
    pub fn signed(&self) -> String {
        let text = format!("{}.{}", part(&self.header), part(&self.claims));
        let bytes = text.as_bytes();
        let random = SystemRandom::new();
        let signature = match &self.signer {
            Signer::Rsa => {
                let mut out = vec![0; RSA.pair.public().modulus_len()];
                RSA.pair.sign(&signature::RSA_PKCS1_SHA256, &random, bytes, &mut out).unwrap();
                out
            }
            Signer::Ec => EC.pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Signer::OtherEc => OTHER.pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Signer::Shared(key) => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec(),
            Signer::Nobody => Vec::new(),
        };
        format!("{text}.{}", BASE64.encode(signature))
    }
}

fn part(value: &Value) -> String {
    BASE64.encode(value.to_string())
}

/// The first half of a hash: `at_hash`.
pub fn half_hash(text: &str) -> String {
    BASE64.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..16])
}

/// What a code verifier is held against.
pub fn challenge(verifier: &str) -> String {
    BASE64.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}
