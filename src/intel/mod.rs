//! Intelligence providers: who knows something about hashes, addresses, domains and URLs.
//!
//! A provider is one file and one line in [`KINDS`]; its settings are the section `[intel.NAME]`, which
//! the file reads by itself. [`leave`] decides what may be asked of others at all, [`wire`] speaks to
//! them within limits. Quotas, the cache and what becomes of an answer are the jobs' and the store's.
mod abuseipdb;
pub mod leave;
mod lists;
mod misp;
pub mod settings;
mod virustotal;
mod watched;
pub(crate) mod wire;
pub mod words;

pub use settings::{BadIntel, IntelConfig};

use crate::domain::ObservableKind;
use crate::domain::intel::{Opinion, Query};
use crate::secret::{Key, Keys};
use async_trait::async_trait;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A kind of provider: name and shape of its section, what is wrong with its settings, and what they make.
struct Kind {
    name: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
    check: fn(&Value) -> Result<(), BadIntel>,
    make: fn(&Value, &Keys) -> Result<Made, BadIntel>,
}

/// What a section makes.
type Made = Vec<Arc<dyn Provider>>;

/// All kinds, in the order in which they are asked and shown.
const KINDS: &[Kind] = &[
    Kind { name: lists::NAME, schema: lists::schema, check: lists::check, make: lists::make },
    Kind { name: virustotal::NAME, schema: virustotal::schema, check: virustotal::check, make: virustotal::make },
    Kind { name: abuseipdb::NAME, schema: abuseipdb::schema, check: abuseipdb::check, make: abuseipdb::make },
    Kind { name: misp::NAME, schema: misp::schema, check: misp::check, make: misp::make },
];

/// The shapes of all sections, which stand beside the settings of `[intel]` itself.
fn sections(generator: &mut SchemaGenerator) -> Schema {
    let shapes: serde_json::Map<String, Value> =
        KINDS.iter().map(|kind| (kind.name.to_owned(), (kind.schema)(generator).into())).collect();
    json_schema!({ "type": "object", "properties": shapes })
}

/// How often a provider may be asked; 0 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quota {
    /// In any 60 seconds.
    pub per_minute: i64,
    /// In a day of UTC.
    pub per_day: i64,
}

/// Why a provider gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// There is no key, or none that can be used.
    #[error("{0}")]
    NoKey(String),
    /// The key is not accepted.
    #[error("it refused the key ({0})")]
    Refused(String),
    /// It was asked too often, and says how long to wait where it does.
    #[error("it was asked too often")]
    Limited(Option<Duration>),
    /// It can't be reached, is late, or has a fault.
    #[error("{0}")]
    Unreachable(String),
    /// What it sent is no answer to the question.
    #[error("{0}")]
    Bad(String),
}

/// Somebody who knows something about values.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Its name in the store, such as `virustotal`.
    fn name(&self) -> &str;

    /// Its name on pages.
    fn label(&self) -> &str;

    /// Whether it is a list of ours: nothing leaves, there is no quota, and only what it holds is told.
    fn is_local(&self) -> bool {
        false
    }

    /// The key that it uses, where it takes one.
    fn key(&self) -> Option<&Key> {
        None
    }

    /// How often it may be asked.
    fn quota(&self) -> Quota {
        Quota::default()
    }

    /// Whether it knows values of this type.
    fn takes(&self, kind: ObservableKind) -> bool;

    /// What it says about a value; nothing where it does not know the value.
    async fn ask(&self, query: &Query) -> Result<Option<Opinion>, Trouble>;

    /// Takes in what changed since it was set up; nothing changes of one that is asked over the network.
    async fn refresh(&self) {}

    /// Why what changed can't be taken in, and since when that is known.
    fn failure(&self) -> Option<(String, i64)> {
        None
    }

    /// Whether it would answer, with a note for whoever asked.
    async fn check(&self) -> Result<Option<String>, Trouble>;
}

/// A provider, and whose turn it is: one question at a time, so that two cases don't ask the same twice.
pub struct Seat {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// Held while it is asked.
    pub turn: Mutex<()>,
}

/// All providers of the settings.
#[derive(Default)]
pub struct Intelligence {
    /// Who is asked, in order.
    pub seats: Vec<Seat>,
    /// What may leave, and for how long answers are kept.
    pub settings: settings::Common,
}

impl Seat {
    /// What the provider says within the settings' time.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn ask(&self, query: &Query, patience: Duration) -> Result<Option<Opinion>, Trouble> {
        timeout(patience, self.provider.ask(query)).await.unwrap_or_else(|_| Err(late(patience)))
    }

    /// Whether the provider would answer within the settings' time.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn check(&self, patience: Duration) -> Result<Option<String>, Trouble> {
        timeout(patience, self.provider.check()).await.unwrap_or_else(|_| Err(late(patience)))
    }
}

fn late(patience: Duration) -> Trouble {
    Trouble::Unreachable(format!("it did not answer within {} s", patience.as_secs()))
}

impl Intelligence {
    /// The providers of the settings; key files and lists are read now, `keys` whenever somebody is asked.
    ///
    /// # Errors
    /// A setting that can't be used.
    pub fn build(config: &IntelConfig, keys: &Keys) -> Result<Self, BadIntel> {
        let mut seats = Vec::new();
        for kind in KINDS {
            let Some(section) = config.section(kind.name) else { continue };
            seats.extend(
                (kind.make)(section, keys)?.into_iter().map(|provider| Seat { provider, turn: Mutex::default() }),
            );
        }
        Ok(Self { seats, settings: config.common() })
    }

    /// The one with a name.
    pub fn named(&self, name: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.provider.name() == name)
    }

    /// Whether there is one that is asked over the network.
    pub fn asks_others(&self) -> bool {
        self.seats.iter().any(|seat| !seat.provider.is_local())
    }
}

/// A provider's name on pages, also of one that is no longer set up.
pub fn label(name: &str) -> Cow<'_, str> {
    let known = match name {
        virustotal::NAME => virustotal::LABEL,
        abuseipdb::NAME => abuseipdb::LABEL,
        misp::NAME => misp::LABEL,
        other => lists::label(other),
    };
    match name.split_once(':') {
        Some((misp::NAME, one)) => Cow::Owned(format!("{} {one}", misp::LABEL)),
        _ => Cow::Borrowed(known),
    }
}
