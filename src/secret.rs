//! Secrets: a text that never prints itself, and the key that seals what must be stored.
mod key;
mod signer;

pub use key::{Key, Keys};
pub use signer::{Signer, is_signed};

use rand::RngExt;
use ring::aead;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A text whose `Debug` is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

/// In a schema it is a text that is only ever written.
impl schemars::JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "writeOnly": true })
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A secret that can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read or made.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// Others may read the file.
    #[error("{0}: others may read this file; its mode must be 0600")]
    Open(String),
    /// What was sealed can't be opened with this key.
    #[error("a stored secret can't be opened: is it the right key file?")]
    Sealed,
    /// The file holds something else.
    #[error("{0}: does not hold a key")]
    NotAKey(String),
}

/// Reads a secret from a file that only its owner may read; spaces around it don't count.
///
/// # Errors
/// See [`SecretError`].
pub fn from_file(path: &Path) -> Result<Secret, SecretError> {
    let file = path.display().to_string();
    let failed = |error| SecretError::File { file: file.clone(), error };
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SecretError::Open(file));
    }
    Ok(Secret(std::fs::read_to_string(path).map_err(failed)?.trim().to_owned()))
}

/// Makes a key file that a power cut does not take away again: whole under another name first, and never in the place of
/// one that is there.
fn make(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let key: [u8; 32] = rand::random();
    let mut new = tempfile::Builder::new().prefix(".fusionsoc-").suffix(".key").tempfile_in(folder)?;
    new.write_all(hex::encode(key).as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(path) {
        // Another program that began at the same moment was faster: its key counts.
        Err(refused) if refused.error.kind() != ErrorKind::AlreadyExists => Err(refused.error),
        _ => File::open(folder)?.sync_all(),
    }
}

/// Seals and opens stored secrets with AES-256-GCM: 12 bytes of nonce, then the sealed bytes.
#[derive(Clone)]
pub struct Vault {
    key: [u8; 32],
    file: PathBuf,
}

impl Vault {
    /// Reads the key file, or makes it where it is missing: only where nothing was sealed with one before.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn make(path: &Path) -> Result<Self, SecretError> {
        if !path.exists() {
            make(path).map_err(|error| SecretError::File { file: path.display().to_string(), error })?;
        }
        Self::open(path)
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        let file = path.display().to_string();
        let key = hex::decode(from_file(path)?.expose()).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self { key: key.ok_or(SecretError::NotAKey(file))?, file: path.to_owned() })
    }

    /// Who signs what this installation vouches for: a key of its own that follows from the key file.
    ///
    /// # Errors
    /// Never in practice: the derived key has the right length.
    pub fn signer(&self) -> Result<Signer, SecretError> {
        Signer::derive(&self.key, &self.file)
    }

    fn cipher(&self) -> Result<aead::LessSafeKey, SecretError> {
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &self.key).map_err(|_| SecretError::Sealed)?;
        Ok(aead::LessSafeKey::new(key))
    }

    /// Seals a secret for whatever row it stands in.
    ///
    /// # Errors
    /// Never in practice: the key has the right length.
    pub fn seal(&self, secret: &str) -> Result<Vec<u8>, SecretError> {
        self.seal_for("", secret)
    }

    /// Seals a secret for a name: under another one it can't be opened, so nobody moves it to another row.
    ///
    /// # Errors
    /// Never in practice: the key has the right length.
    pub fn seal_for(&self, name: &str, secret: &str) -> Result<Vec<u8>, SecretError> {
        let nonce: [u8; 12] = rand::rng().random();
        let mut bytes = secret.as_bytes().to_vec();
        self.cipher()?
            .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aead::Aad::from(name), &mut bytes)
            .map_err(|_| SecretError::Sealed)?;
        Ok([nonce.as_slice(), &bytes].concat())
    }

    /// Opens a secret that was sealed for no name.
    ///
    /// # Errors
    /// Where it was sealed with another key or was altered.
    pub fn unseal(&self, sealed: &[u8]) -> Result<Secret, SecretError> {
        self.unseal_for("", sealed)
    }

    /// Opens a secret that was sealed for a name, or before names were bound for none.
    ///
    /// # Errors
    /// Where it was sealed with another key or for another name, or was altered.
    pub fn unseal_since(&self, name: &str, sealed: &[u8]) -> Result<Secret, SecretError> {
        self.unseal_for(name, sealed).or_else(|_| self.unseal(sealed))
    }

    /// Opens a secret that was sealed for a name.
    ///
    /// # Errors
    /// Where it was sealed with another key or for another name, or was altered.
    pub fn unseal_for(&self, name: &str, sealed: &[u8]) -> Result<Secret, SecretError> {
        let (nonce, bytes) = sealed.split_first_chunk::<12>().ok_or(SecretError::Sealed)?;
        let mut bytes = bytes.to_vec();
        let open = self.cipher()?;
        let plain = open
            .open_in_place(aead::Nonce::assume_unique_for_key(*nonce), aead::Aad::from(name), &mut bytes)
            .map_err(|_| SecretError::Sealed)?;
        String::from_utf8(plain.to_vec()).map(Secret).map_err(|_| SecretError::Sealed)
    }
}
