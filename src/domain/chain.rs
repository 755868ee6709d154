//! The hash chain of the ledger: what is hashed, and how.
//!
//! A line's hash is SHA-256 over the 32 bytes of the line before it and the line's canonical text: a JSON array
//! without spaces, in UTF-8, of id, organisation, time, kind of actor, actor, client, action, object, old value, new
//! value, request and result, in this order; numbers are numbers, no organisation is `null`, and of all characters
//! only `"`, `\` and those below U+0020 are escaped, by `\b \f \n \r \t` or `\u00xx`. The first line stands on 32
//! bytes of zero. Any program can do the same with a JSON writer and SHA-256.
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What the first line stands on.
pub const START: Hash = [0; 32];

/// What of a line is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The organisation it belongs to; none for the installation.
    pub org_id: Option<i64>,
    /// When, in UTC milliseconds.
    pub at_ms: i64,
    /// What kind of actor.
    pub actor_kind: String,
    /// Who.
    pub actor: String,
    /// The client's address, or empty.
    pub client: String,
    /// What was done.
    pub action: String,
    /// On what.
    pub object: String,
    /// The value before.
    pub old: String,
    /// The value after.
    pub new: String,
    /// The request's id, or empty.
    pub request_id: String,
    /// `ok`, `denied` or `failed`.
    pub result: String,
}

impl Body {
    /// The canonical text of the line with this id.
    pub fn canonical(&self, id: i64) -> String {
        let numbers = [Value::from(id), self.org_id.map_or(Value::Null, Value::from), Value::from(self.at_ms)];
        let texts = [&self.actor_kind, &self.actor, &self.client, &self.action, &self.object, &self.old, &self.new];
        let texts = texts.into_iter().chain([&self.request_id, &self.result]).map(|text| Value::from(text.as_str()));
        Value::Array(numbers.into_iter().chain(texts).collect()).to_string()
    }

    /// Its hash after the line before.
    pub fn hash(&self, id: i64, before: &Hash) -> Hash {
        Sha256::new().chain_update(before).chain_update(self.canonical(id)).finalize().into()
    }
}

/// SHA-256 of a text.
pub fn sha256(text: &str) -> Hash {
    Sha256::digest(text).into()
}
