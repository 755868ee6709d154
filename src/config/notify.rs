//! `[notify]`: who is told of what, and how often.
use crate::domain::Severity;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `[notify]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Notify {
    /// Seconds between two messages of one channel; what happens meanwhile shares the next one.
    pub every_s: u32,
    /// Seconds in which a message must be taken; else it is tried again after 1, 5, 15 and 60 minutes.
    pub timeout_s: u64,
    /// Whether rule, user and process chain of a case leave as well, beside title, host, severity and verdict.
    pub details: bool,
    /// Minutes after which an untouched case is overdue, by severity (`informational`, `low`, `medium`, `high`,
    /// `critical`); a severity that is left out or 0 is never overdue.
    pub overdue_minutes: BTreeMap<Severity, u32>,
    /// Minutes before a source can be called silent, which it is after 1.5 times its longest pause of a week as well; 0
    /// for never.
    pub silent_minutes: u32,
    /// A program that is told, by posts as Standard Webhooks has them.
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
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// Where messages are posted: https, or plain http on this machine alone.
    pub url: String,
    /// The file with the key that signs them: 16 bytes or more, or `whsec_` and base64.
    #[schemars(extend("x-secret" = "file"))]
    pub secret_file: String,
    /// Short names of the organisations that are told of; none for all.
    pub orgs: Vec<String>,
}

/// `[notify.smtp]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Smtp {
    /// The mail server: `smtps://user@host:465` or `smtp://user@host:587?tls=required`.
    pub url: String,
    /// The sender, such as `FusionSOC <soc@example.com>`.
    pub from: String,
    /// The addresses that get the mail.
    pub to: Vec<String>,
    /// The file with the password of the user in `url`.
    #[schemars(extend("x-secret" = "file"))]
    pub password_file: String,
    /// A PEM file with the authority of a mail server of the house; none for the authorities of the machine.
    pub ca_file: String,
    /// Short names of the organisations that are told of; none for all.
    pub orgs: Vec<String>,
}
