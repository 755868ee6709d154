//! What can go wrong between us and LimaCharlie, in words for a person.

/// Why a call did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection, or the server has trouble; nothing was done.
    #[error("LimaCharlie could not be reached: {0}")]
    Unreachable(String),
    /// No answer in time to a question.
    #[error("LimaCharlie did not answer within {0} s")]
    Timeout(u64),
    /// The key itself is not accepted.
    #[error("LimaCharlie did not accept the API key: {0}")]
    SignIn(String),
    /// The key may not do this.
    #[error("LimaCharlie refused: {}", refusal(.privilege.as_deref(), .said))]
    Refused {
        /// The privilege that the key lacks, where the answer names one.
        privilege: Option<String>,
        /// The answer's own words.
        said: String,
    },
    /// Too many calls; nothing was done.
    #[error("LimaCharlie allows no more calls for now{}", allowed(*.calls, *.period_s))]
    RateLimited {
        /// When to come again, in UTC milliseconds.
        until_ms: i64,
        /// Calls in a window, as the answer says.
        calls: Option<u64>,
        /// Seconds of a window.
        period_s: Option<u64>,
    },
    /// There is no such thing.
    #[error("LimaCharlie does not know it")]
    NotFound,
    /// Somebody changed it in the meantime.
    #[error("it was changed in LimaCharlie in the meantime")]
    Conflict,
    /// A write was sent and no answer tells its outcome; it must not be sent again without a look.
    #[error("it is unknown whether LimaCharlie did it: {0}")]
    Unknown(String),
    /// The request was not understood, or the answer was not.
    #[error("LimaCharlie: {0}")]
    Bad(String),
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout(_) | Self::RateLimited { .. })
    }
}

fn refusal(privilege: Option<&str>, said: &str) -> String {
    match privilege {
        Some(privilege) => format!("the API key lacks the privilege {privilege}"),
        None if said.is_empty() => "the API key may not do this".to_owned(),
        None => said.to_owned(),
    }
}

fn allowed(calls: Option<u64>, period_s: Option<u64>) -> String {
    match (calls, period_s) {
        (Some(calls), Some(period)) => format!(" ({calls} in {period} s)"),
        _ => String::new(),
    }
}

/// First words of the names of privileges.
const AREAS: [&str; 14] = [
    "org",
    "sensor",
    "insight",
    "dr",
    "fp",
    "output",
    "investigation",
    "hive",
    "user",
    "apikey",
    "ext",
    "replicant",
    "audit",
    "job",
];

/// The first privilege that a text names, such as `sensor.task`.
pub(super) fn privilege_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '.' || c == '_'));
    let mut words = words.map(|word| word.trim_matches('.')).filter(|word| word.len() <= 64);
    let named =
        words.find(|word| word.split_once('.').is_some_and(|(area, rest)| AREAS.contains(&area) && !rest.is_empty()));
    named.map(str::to_owned)
}

/// A text of the server's, short and without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>().trim().to_owned()
}
