//! `words!`: a closed list of words as an enum that reads and writes exactly those words.

/// A text that is not one of the words of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{list} must be one of {allowed}, not \"{word}\"")]
pub struct UnknownWord {
    /// The list's name as people say it, such as `verdict`.
    pub list: &'static str,
    /// The words that would have been right.
    pub allowed: String,
    /// What was given, cut to 40 characters.
    pub word: String,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident ($list:literal) { $($(#[$vmeta:meta])* $variant:ident = $word:literal, $label:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[derive(schemars::JsonSchema)]
        #[serde(into = "&'static str", try_from = "String")]
        #[schemars(!into, !try_from)]
        pub enum $name { $($(#[$vmeta])* #[schemars(rename = $word)] $variant,)+ }

        impl $name {
            /// All of them, in the order people expect.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in columns, forms and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The word on pages.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::UnknownWord;
            fn from_str(word: &str) -> std::result::Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| $crate::domain::UnknownWord {
                    list: $list,
                    allowed: Self::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", "),
                    word: word.chars().take(40).collect(),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::UnknownWord;
            fn try_from(word: String) -> std::result::Result<Self, Self::Error> { word.parse() }
        }

        impl From<$name> for &'static str {
            fn from(word: $name) -> Self { word.as_str() }
        }
    };
}
pub(crate) use words;

/// So many of something, by its word for one: `1 case`, `2 cases`.
pub fn plural(count: i64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
