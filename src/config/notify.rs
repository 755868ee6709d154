//! `[notify]`: who is told of what, and how often.
use crate::domain::Severity;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[notify]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Seconds between two messages of one channel; what happens meanwhile shares the next one.
    pub every_s: u32,
    /// Seconds in which a message must be taken.
    pub timeout_s: u64,
    /// Whether rule, user and process chain of a case leave as well.
    pub details: bool,
    /// Minutes after which an untouched case is overdue, by severity; none or 0 for never.
    pub overdue_minutes: BTreeMap<Severity, u32>,
    /// A source is never called silent before so many minutes; 0 for never at all.
    pub silent_minutes: u32,
    /// A program that is told.
    pub webhook: Option<Webhook>,
    /// People who get mail.
    pub smtp: Option<Smtp>,
}

impl Default for Notify {
    fn default() -> Self {
        Self {
            every_s: 60,
            timeout_s: 15,
            details: false,
            overdue_minutes: BTreeMap::from([(Severity::Critical, 15), (Severity::High, 60)]),
            silent_minutes: 60,
            webhook: None,
            smtp: None,
        }
    }
}

/// `[notify.webhook]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// Where messages are posted; plain http on this machine only.
    pub url: String,
    /// The file with the key that signs them.
    pub secret_file: String,
    /// Short names of the organisations that are told of; none for all.
    pub orgs: Vec<String>,
}

/// `[notify.smtp]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// `smtps://user@host:465` or `smtp://user@host:587?tls=required`.
    pub url: String,
    /// The sender.
    pub from: String,
    /// Who gets the mail.
    pub to: Vec<String>,
    /// The file with the user's password.
    pub password_file: String,
    /// A PEM file with the authority of a mail server of the house.
    pub ca_file: String,
    /// Short names of the organisations that are told of; none for all.
    pub orgs: Vec<String>,
}
