//! Signs with Ed25519 by a key that is derived from the key file, so that there is no second file to keep.
use super::SecretError;
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who signs.
#[derive(Clone)]
pub struct Signer {
    pair: Arc<Ed25519KeyPair>,
    beside: PathBuf,
}

impl Signer {
    /// HKDF-SHA256 of the key with a name for this use, as the seed of RFC 8032.
    pub(super) fn derive(key: &[u8; 32], file: &Path) -> Result<Self, SecretError> {
        let mut seed = [0; 32];
        let derived = Salt::new(HKDF_SHA256, b"fusionsoc").extract(key);
        let filled = derived.expand(&[b"ledger signature"], HKDF_SHA256).and_then(|derived| derived.fill(&mut seed));
        filled.map_err(|_| SecretError::Sealed)?;
        let mut beside = file.as_os_str().to_owned();
        beside.push(".seal");
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| SecretError::Sealed)?;
        Ok(Self { pair: Arc::new(pair), beside: beside.into() })
    }

    /// The file beside the key file in which the newest seal is kept, out of reach of who has the database alone.
    pub fn seal_file(&self) -> &Path {
        &self.beside
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// The signature of a text, 64 bytes.
    pub fn sign(&self, text: &str) -> Vec<u8> {
        self.pair.sign(text.as_bytes()).as_ref().to_vec()
    }
}

/// Whether a text was signed by the holder of a public key.
pub fn is_signed(text: &str, public_key: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(text.as_bytes(), signature).is_ok()
}
