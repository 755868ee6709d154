//! LimaCharlie's webhook signature: lower-case hex of HMAC-SHA256 over the raw body.
//!
//! A form body is signed over the decoded value of its `data` field. There is no timestamp in
//! it, so a replay is only stopped by the identity of the detection.
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The shortest secret that is accepted.
pub const SHORTEST_SECRET: usize = 16;

/// What the signature covers, and what holds the detections.
///
/// `None` where a form has no `data` field.
pub fn signed_part(content_type: &str, body: &[u8]) -> Option<Vec<u8>> {
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return form_urlencoded::parse(body)
            .find(|(name, _)| name == "data")
            .map(|(_, value)| value.into_owned().into_bytes());
    }
    Some(body.to_vec())
}

/// Whether a signature fits. Compares in constant time.
pub fn fits(secret: &[u8], message: &[u8], signature: &str) -> bool {
    if signature.len() != 64 || !signature.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return false;
    }
    let (Ok(given), Ok(mut mac)) = (hex::decode(signature), Hmac::<Sha256>::new_from_slice(secret)) else {
        return false;
    };
    mac.update(message);
    mac.verify_slice(&given).is_ok()
}
