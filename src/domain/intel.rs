//! What intelligence providers say: the answer about one value, its state, and what answers amount to.
use super::ObservableKind;
use super::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// What became of a question to a provider.
    #[derive(Default)]
    IntelState ("state") {
        /// The provider knows the value.
        #[default]
        Answered = "answered", "answered";
        /// The provider answered that it knows nothing of the value.
        Unknown = "unknown", "nothing known";
        /// It was not asked yet: the quota is used up, or the time was.
        Waiting = "waiting", "not asked yet";
        /// It is not asked, because nothing of the case may leave.
        Withheld = "withheld", "not asked";
        /// It was asked, and gave no answer that can be used.
        Failed = "failed", "no answer";
    }
}

words! {
    /// What is thought of a value, from the least to the most telling.
    IntelVerdict ("verdict") {
        /// Nobody knows it.
        Unknown = "unknown", "unknown";
        /// Somebody knows it and found nothing.
        Clean = "clean", "clean";
        /// Somebody finds it suspicious.
        Suspicious = "suspicious", "suspicious";
        /// A list of ours says that it is harmless.
        KnownGood = "known_good", "known good";
        /// Somebody calls it malicious; no list of ours overrules that.
        Malicious = "malicious", "malicious";
    }
}

/// Names of counts in `VirusTotal`'s words, which the stored shape keeps.
pub const STATS: [&str; 8] = [
    "malicious",
    "suspicious",
    "undetected",
    "harmless",
    "timeout",
    "confirmed-timeout",
    "failure",
    "type-unsupported",
];
/// Labels of one answer that are kept, and characters of one.
pub const LABELS: (usize, usize) = (12, 80);

/// What a provider knows of a value, in the shape in which recorded answers come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opinion {
    /// The provider's name.
    pub provider: String,
    /// Whether anybody there calls it malicious.
    pub malicious: bool,
    /// What it amounts to.
    pub verdict: IntelVerdict,
    /// Engines, reports or entries by what they say; see [`STATS`].
    pub stats: BTreeMap<String, i64>,
    /// The community's score; negative is bad.
    pub reputation: Option<i64>,
    /// When it was first seen there, in UTC milliseconds.
    pub first_seen_ms: Option<i64>,
    /// One sentence in our own words and numbers, or empty.
    pub note: String,
    /// Names and tags from there. They come from outside and are shown, never put into a prompt.
    pub labels: Vec<String>,
    /// The provider's page about the value, built by us, or empty.
    pub link: String,
}

impl Default for Opinion {
    fn default() -> Self {
        Self {
            provider: String::new(),
            malicious: false,
            verdict: IntelVerdict::Unknown,
            stats: BTreeMap::new(),
            reputation: None,
            first_seen_ms: None,
            note: String::new(),
            labels: Vec::new(),
            link: String::new(),
        }
    }
}

impl Opinion {
    /// An answer with these counts; what it amounts to follows from them.
    pub fn of(provider: &str, stats: BTreeMap<String, i64>) -> Self {
        let count = |name: &str| stats.get(name).copied().unwrap_or_default();
        let verdict = if count("malicious") > 0 {
            IntelVerdict::Malicious
        } else if count("suspicious") > 0 {
            IntelVerdict::Suspicious
        } else if count("undetected") + count("harmless") > 0 {
            IntelVerdict::Clean
        } else {
            IntelVerdict::Unknown
        };
        let malicious = verdict == IntelVerdict::Malicious;
        Self { provider: provider.to_owned(), malicious, verdict, stats, ..Self::default() }
    }

    /// The same with names from outside: capped, each once, without NUL, which can't be stored.
    #[must_use]
    pub fn with_labels(mut self, labels: impl IntoIterator<Item = String>) -> Self {
        for label in labels {
            let label: String = label.trim().chars().take(LABELS.1).collect::<String>().replace('\0', "\u{FFFD}");
            if self.labels.len() < LABELS.0 && !label.is_empty() && !self.labels.contains(&label) {
                self.labels.push(label);
            }
        }
        self
    }
}

/// A value as providers are asked about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query {
    /// Its type.
    pub kind: ObservableKind,
    /// The observable of ours.
    pub observable: String,
    /// What is asked: the same, but for a URL without what could be a secret.
    pub value: String,
}

impl Query {
    /// A question about the value as it is.
    pub fn plain(kind: ObservableKind, value: &str) -> Self {
        Self { kind, observable: value.to_owned(), value: value.to_owned() }
    }
}
