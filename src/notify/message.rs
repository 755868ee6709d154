//! A message: what one channel has to tell now, most urgent first, in words and as JSON.
use crate::clock::now_ms;
use crate::limits::NOTIFY_SHOWN;
use crate::store::notifications::{Facts, Kind, Notification};
use serde_json::{Value, json};
use std::fmt::Write;

/// What a channel tells at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for the same notifications, so that a receiver can tell a repeat.
    pub id: String,
    /// What is told one by one.
    pub items: Vec<Item>,
    /// How many more there are.
    pub more: usize,
    /// The address that people use.
    pub public_url: String,
}

/// One thing that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What kind of thing.
    pub kind: Kind,
    /// When it happened, in UTC milliseconds.
    pub at_ms: i64,
    /// What is told.
    pub facts: Facts,
}

impl Message {
    /// The message for these notifications.
    pub fn of(due: &[Notification], public_url: &str) -> Self {
        let (first, last) = (due.iter().map(|one| one.id).min(), due.iter().map(|one| one.id).max());
        let id = format!("fusionsoc-{}-{}-{}", first.unwrap_or_default(), last.unwrap_or_default(), due.len());
        let item = |one: &Notification| Item { kind: one.kind, at_ms: one.created_ms, facts: one.facts.0.clone() };
        let mut items: Vec<Item> = due.iter().map(item).collect();
        items.sort_by_key(|item| (item.kind, std::cmp::Reverse(item.facts.severity), item.at_ms));
        let more = items.len().saturating_sub(NOTIFY_SHOWN);
        items.truncate(NOTIFY_SHOWN);
        Self { id, items, more, public_url: public_url.to_owned() }
    }

    /// A message that only tries a channel.
    pub fn test(public_url: &str) -> Self {
        let (title, text) = ("A test of this channel", "fusionsoc check tries this channel. There is nothing to do.");
        let facts = Facts { title: title.to_owned(), text: text.to_owned(), ..Facts::default() };
        let item = Item { kind: Kind::Test, at_ms: now_ms(), facts };
        Self {
            id: format!("fusionsoc-test-{}", item.at_ms),
            items: vec![item],
            more: 0,
            public_url: public_url.to_owned(),
        }
    }

    /// One line: the thing itself, or how many there are.
    pub fn subject(&self) -> String {
        let line = match self.items.as_slice() {
            [one] if self.more == 0 => head(one),
            all => {
                let first = all.first().map(head).unwrap_or_default();
                format!("{first} and {} more", all.len() + self.more - 1)
            }
        };
        format!("[FusionSOC] {line}")
    }

    /// The text for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for item in &self.items {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{}", head(item));
            let facts = &item.facts;
            let lines = [
                ("Organisation", &facts.org),
                ("Rule", &facts.rule),
                ("User", &facts.user),
                ("Processes", &facts.chain),
            ];
            for (label, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
                let _ = writeln!(text, "  {label}: {value}");
            }
            let _ = writeln!(text, "  {}\n  {}\n", facts.text, self.link(item));
        }
        if self.more > 0 {
            let _ = writeln!(text, "and {} more: {}/cases\n", self.more, self.public_url);
        }
        let _ = writeln!(
            text,
            "Sent by FusionSOC at {}. Addresses in names are written so that they are no links.",
            self.public_url
        );
        text
    }

    /// The same for programs; every field is always there.
    pub fn json(&self) -> Value {
        let all = self.items.iter().map(|item| {
            let facts = &item.facts;
            json!({
                "kind": item.kind, "at": rfc3339(item.at_ms), "org": facts.org, "case": facts.case, "title": facts.title, "host": facts.host,
                "severity": facts.severity, "verdict": facts.verdict, "text": facts.text, "rule": facts.rule, "user": facts.user,
                "chain": facts.chain, "url": self.link(item),
            })
        });
        let notifications: Vec<Value> = all.collect();
        json!({ "id": self.id, "subject": self.subject(), "notifications": notifications, "more": self.more, "url": format!("{}/cases", self.public_url) })
    }

    /// Where a person goes to look.
    fn link(&self, item: &Item) -> String {
        let page = match (item.facts.case, item.kind) {
            (Some(number), _) => format!("cases/{number}"),
            (None, Kind::SilentSource) => "admin/intake".to_owned(),
            (None, Kind::VoterSuspended) => "models".to_owned(),
            (None, Kind::Exclusion) => "tuning".to_owned(),
            (None, _) => "admin/integrations".to_owned(),
        };
        format!("{}/{page}", self.public_url)
    }
}

/// `Likely true positive, high: TITLE on HOST (#459)`.
fn head(item: &Item) -> String {
    let facts = &item.facts;
    let severity = facts.severity.map(|severity| format!(", {}", severity.as_str())).unwrap_or_default();
    let host = if facts.host.is_empty() { String::new() } else { format!(" on {}", facts.host) };
    let number = facts.case.map(|number| format!(" (#{number})")).unwrap_or_default();
    format!("{}{severity}: {}{host}{number}", item.kind.label(), facts.title)
}

fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
