//! Codes of a generator such as a phone's (RFC 6238: SHA-1, 6 digits, 30 s, one step to either side), and recovery codes.
use super::auth::fingerprint;
use qrcodegen::{QrCode, QrCodeEcc};
use rand::RngExt;
use std::fmt::Write;
use totp_rs::{Builder, Secret, Totp};

/// Recovery codes that a person gets.
const CODES: usize = 10;
/// Letters and digits that are not taken for one another.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Letters of a recovery code: 80 random bits.
const LONG: usize = 16;

/// A new secret of 160 bits.
pub fn new_secret() -> [u8; 20] {
    rand::rng().random()
}

fn of(secret: &[u8], username: &str) -> Totp {
    let issuer = Some("FusionSOC");
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_account_name(username)
        .with_issuer(issuer)
        .build_noncompliant()
}

/// The secret as people type it.
pub fn typed(secret: &[u8]) -> String {
    Secret::new(secret.into()).to_base32()
}

/// The step that a code belongs to, where it is right at a time.
pub fn step(secret: &[u8], code: &str, now_ms: i64) -> Option<i64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(now_ms / 1000).ok()?;
    of(secret, "x").check(&code, seconds).and_then(|step| i64::try_from(step).ok())
}

/// A picture for the generator's camera: the path of its dark squares and its width in squares.
pub fn picture(secret: &[u8], username: &str) -> Option<(String, i32)> {
    let url = of(secret, username).to_url().ok()?;
    let code = QrCode::encode_text(&url, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    Some((path, code.size()))
}

/// New recovery codes, as people see them.
pub fn new_codes() -> Vec<String> {
    let mut rng = rand::rng();
    let letter = |rng: &mut rand::rngs::ThreadRng| char::from(LETTERS[rng.random_range(0..LETTERS.len())]);
    let code = |_| {
        let letters: Vec<char> = (0..LONG).map(|_| letter(&mut rng)).collect();
        letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    };
    (0..CODES).map(code).collect()
}

/// What is stored of a recovery code; nothing where a text can't be one. Case, spaces and hyphens don't count.
pub fn stored(code: &str) -> Option<Vec<u8>> {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    (letters.len() == LONG).then(|| fingerprint(&letters))
}
