//! A key as its user holds it: from a file once and for all, or as it was last written in a browser.
use super::{Secret, SecretError};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The keys that were written in a browser, by name; clones share them. `None` for one that can't be opened.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<RwLock<BTreeMap<String, Option<Secret>>>>);

impl Keys {
    /// Takes these in place of all that were known.
    pub fn replace(&self, all: impl Iterator<Item = (String, Option<Secret>)>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = all.collect();
    }

    fn get(&self, name: &str) -> Result<Option<Secret>, SecretError> {
        match self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            None => Ok(None),
            Some(None) => Err(SecretError::Sealed),
            Some(Some(open)) => Ok(Some(open.clone())),
        }
    }
}

/// A key that is looked at each time it is used, so that a new one counts without a restart.
#[derive(Debug, Clone, Default)]
pub struct Key {
    name: String,
    fixed: Option<Secret>,
    written: Keys,
}

impl Key {
    /// The key with a name; what a file or the environment gives wins over what was written.
    pub fn new(name: String, fixed: Option<Secret>, written: &Keys) -> Self {
        Self { name, fixed, written: written.clone() }
    }

    /// Its name, under which it is stored.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a file or the environment gives it.
    pub const fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// The key as it is now; nothing where there is none.
    ///
    /// # Errors
    /// Where the stored one can't be opened.
    pub fn now(&self) -> Result<Option<Secret>, SecretError> {
        if let Some(fixed) = &self.fixed {
            return Ok(Some(fixed.clone()));
        }
        self.written.get(&self.name)
    }

    /// The key where there is one that can be used, for taking it out of texts.
    pub fn known(&self) -> Option<Secret> {
        self.now().ok().flatten()
    }
}

impl From<Secret> for Key {
    fn from(fixed: Secret) -> Self {
        Self { fixed: Some(fixed), ..Self::default() }
    }
}
