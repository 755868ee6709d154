//! Telling people and programs outside what can't wait.
//!
//! What is to be told is a row of `notifications` for each channel, inserted in the transaction of the
//! change that causes it, together with the channel's job. [`crate::jobs`] sends what is due in one
//! message and tries again where it is not taken. A new channel is one file with a [`Notifier`] and one
//! line in [`MAKERS`].
pub mod message;
pub mod plain;
pub mod smtp;
mod tell;
pub mod webhook;

pub use message::Message;
pub use tell::{
    backup_failed, backups_stay, exclusion, overdue, reminder, seal_refused, silent, suspended, test, triaged,
};

use crate::config::{Config, notify as settings};
use crate::store::notifications::{self, Facts, Kind, New};
use crate::store::{Result as Stored, Tx, jobs};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// The kind of job that sends what is due on a channel.
pub const JOB: &str = "notify";
/// The people who are told have to act.
const PRIORITY: i64 = jobs::URGENT;

/// A way to tell somebody.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Its name in settings and tables.
    fn name(&self) -> &'static str;

    /// Where it leads, without secrets, for the page.
    fn target(&self) -> String;

    /// Hands a message over; the caller sets the time limit.
    ///
    /// # Errors
    /// Why the other side did not take it, in words for the page.
    async fn send(&self, message: &Message) -> Result<(), String>;

    /// Finds out whether the other side would listen, without telling anything.
    ///
    /// # Errors
    /// What is in the way.
    async fn probe(&self) -> Result<(), String>;
}

/// A channel's notifier with its organisations.
type Made = (Arc<dyn Notifier>, Vec<String>);
type Maker = fn(&Config) -> Result<Option<Made>, BadChannel>;
/// Every kind of channel.
const MAKERS: &[Maker] = &[webhook::make, smtp::make];

/// A setting of a channel that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("notify.{setting}: {text}")]
pub struct BadChannel {
    setting: &'static str,
    text: String,
}

/// A setting that can't be used, and why.
fn bad(setting: &'static str, text: impl std::fmt::Display) -> BadChannel {
    BadChannel { setting, text: text.to_string() }
}

/// A channel that is set up.
#[derive(Clone)]
pub struct Channel {
    /// How it tells.
    pub notifier: Arc<dyn Notifier>,
    /// Short names of the organisations that it tells of; none for all and the installation.
    pub orgs: Vec<String>,
}

impl Channel {
    /// Whether it tells of an organisation, or of the installation where that is empty.
    fn tells_of(&self, org: &str) -> bool {
        self.orgs.is_empty() || self.orgs.iter().any(|known| known == org)
    }
}

/// All channels with the settings they share.
#[derive(Clone, Default)]
pub struct Channels {
    /// The channels.
    pub all: Vec<Channel>,
    /// The settings they share.
    pub settings: settings::Notify,
    /// The address that links begin with.
    pub public_url: String,
}

impl Channels {
    /// The channels of the settings.
    ///
    /// # Errors
    /// A setting that can't be used.
    pub fn build(config: &Config) -> Result<Self, BadChannel> {
        let made = MAKERS.iter().filter_map(|make| make(config).transpose());
        let channel = |(notifier, orgs)| Channel { notifier, orgs };
        Ok(Self {
            all: made.map(|made| made.map(channel)).collect::<Result<_, _>>()?,
            settings: config.notify.clone(),
            public_url: config.public_url(),
        })
    }

    /// One by its name.
    pub fn named(&self, name: &str) -> Option<&Channel> {
        self.all.iter().find(|channel| channel.notifier.name() == name)
    }

    /// The time in which a message must be taken.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_s.max(1))
    }

    /// Queues what is to be told by every channel that tells of its organisation, each once.
    async fn tell(&self, tx: &mut Tx, news: &News<'_>, now_ms: i64) -> Stored<()> {
        for channel in self.all.iter().filter(|channel| channel.tells_of(&news.facts.org)) {
            queue(tx, channel.notifier.name(), news, now_ms).await?;
        }
        Ok(())
    }
}

/// Something that is to be told.
struct News<'a> {
    org_id: Option<i64>,
    kind: Kind,
    subject: &'a str,
    facts: &'a Facts,
}

async fn queue(tx: &mut Tx, channel: &str, news: &News<'_>, now_ms: i64) -> Stored<()> {
    let new = New { org_id: news.org_id, kind: news.kind, subject: news.subject, channel, facts: news.facts };
    if notifications::insert(tx, &new, now_ms).await? {
        wake(tx, channel, now_ms).await?;
    }
    Ok(())
}

/// Queues the job that sends what is due on a channel.
///
/// # Errors
/// Where the database refuses.
pub async fn wake(tx: &mut Tx, channel: &str, at_ms: i64) -> Stored<()> {
    let payload = serde_json::json!({ "channel": channel }).to_string();
    jobs::hasten(tx, JOB, &format!("{JOB}:{channel}"), &payload, PRIORITY, at_ms).await?;
    Ok(())
}
