//! What may become part of a URL or a form: each has a type whose constructor refuses anything else.
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadId(&'static str);

/// Makes a type of a text: its name, when a text fits, what is said where it doesn't.
macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident, $fits:expr, $wrong:literal;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err(BadId($wrong)) }
            }
        }
    )+};
}

ids! {
    /// An organisation.
    Oid, is_uuid, "an organisation's id is a UUID in lower case";
    /// A sensor.
    Sid, is_uuid, "a sensor's id is a UUID in lower case";
    /// A detection.
    DetectId, is_uuid, "a detection's id is a UUID in lower case";
    /// A process or another actor in a sensor's events.
    Atom, |text| text.len() == 32 && text.bytes().all(is_hex), "an atom is 32 hexadecimal digits in lower case";
    /// A sensor's tag.
    Tag, |text| is_line(text, 128) && !text.contains(','), "a tag is 1 to 128 characters without commas, on one line";
    /// The name of a false-positive rule or of an output. A dot alone would be a step in a path.
    RuleName, |text| is_line(text, 256) && !text.trim_matches('.').is_empty(), "a name is 1 to 256 characters on one line, not dots alone";
    /// A command line for a sensor.
    Task, |text| is_line(text, 4096), "a task is one line of 1 to 4096 characters";
    /// By which the answers to a task are found.
    Investigation, |text| is_line(text, 128), "an investigation's id is one line of 1 to 128 characters";
    /// By which a task that arrives twice is done once.
    TaskKey, |text| is_token(text), "a key is 1 to 128 letters, digits and dashes";
    /// A running search.
    QueryId, |text| is_token(text), "a query's id is 1 to 128 letters, digits and dashes";
}

impl RuleName {
    /// As one segment of a path; no character is left as it is but letters and digits.
    pub(super) fn segment(&self) -> String {
        utf8_percent_encode(&self.0, NON_ALPHANUMERIC).to_string()
    }
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    text.len() == 36 && text.bytes().enumerate().all(|(at, byte)| if dash(at) { byte == b'-' } else { is_hex(byte) })
}

fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

fn is_token(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
