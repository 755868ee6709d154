//! LimaCharlie's REST API: one client for one organisation, one file for each noun of the API.
//!
//! [`Client`] signs in by itself, waits where it is told to, and answers in plain words
//! ([`Error`]). What becomes part of a URL has a type that refuses anything else ([`ids`]). A
//! write is never sent twice once it may have arrived: its outcome is then [`Error::Unknown`].
mod call;
pub mod detections;
mod error;
pub mod events;
mod hosts;
pub mod identity;
pub mod ids;
pub mod isolation;
pub mod objects;
pub mod outputs;
mod packed;
pub mod pages;
pub mod quota;
pub mod range;
pub mod rules;
pub mod search;
pub mod sensors;
mod settings;
mod sign_in;
pub mod tags;
pub mod tasks;
mod time;

pub use error::Error;
pub use hosts::Hosts;
pub use ids::{Atom, DetectId, Oid, RuleName, Sid, Tag};
pub use pages::{Cursor, Pages};
pub use range::Range;
pub use settings::{API_URL, BadSettings, JWT_URL, Settings};

use crate::outbound;
use crate::secret::Key;
use quota::Quota;
use sign_in::SignIn;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// What the calls of this module give.
pub type Result<T> = std::result::Result<T, Error>;

/// Calls LimaCharlie in the name of one organisation. Clones share the sign-in and the limits.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    http: reqwest::Client,
    settings: Settings,
    sign_in: SignIn,
    hosts: OnceCell<Hosts>,
    quota: Mutex<Quota>,
    answered_s: AtomicI64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(&self.0.settings.oid).finish()
    }
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`BadSettings`] where an address can't be used or TLS can't be set up.
    pub fn new(settings: Settings) -> std::result::Result<Self, BadSettings> {
        settings.check()?;
        Ok(Self(Arc::new(Shared {
            http: outbound::client().map_err(|_| BadSettings::Tls)?,
            settings,
            sign_in: SignIn::default(),
            hosts: OnceCell::new(),
            quota: Mutex::default(),
            answered_s: AtomicI64::default(),
        })))
    }

    /// The key that it signs in with.
    pub fn key(&self) -> &Key {
        &self.0.settings.api_key
    }

    /// The organisation.
    pub fn oid(&self) -> &Oid {
        &self.0.settings.oid
    }
}
