//! A question to search: words, words in a field, conditions on cases, and what could not be understood.
mod reading;

use super::words::words;
use super::{ObservableKind, terms};

pub use reading::read;

/// The longest question, in characters.
pub const LONGEST: usize = 200;

words! {
    /// Where a word may be asked to stand.
    Field ("field") {
        /// The host's name or its sensor's id.
        Host = "host", "Host";
        /// A hash.
        Hash = "hash", "Hash";
        /// A path or a file's name.
        Path = "path", "Path";
        /// The rule's title or path.
        Rule = "rule", "Rule";
        /// A user.
        User = "user", "User";
        /// An address.
        Ip = "ip", "IP address";
        /// A domain.
        Domain = "domain", "Domain";
        /// An ATT&CK technique.
        Technique = "technique", "Technique";
    }
}

impl Field {
    /// A word in this field, as the index has it a second time: `h~desktop`. One letter, because a word that is
    /// a beginning has three or more, and so never meets the words of a field.
    pub fn word(self, word: &str) -> String {
        let letter = match self {
            Self::Host => 'h',
            Self::Hash => 's',
            Self::Path => 'p',
            Self::Rule => 'r',
            Self::User => 'u',
            Self::Ip => 'i',
            Self::Domain => 'd',
            Self::Technique => 't',
        };
        format!("{letter}~{word}")
    }

    /// The field of an observable's kind, where it has one.
    pub const fn of(kind: ObservableKind) -> Option<Self> {
        match kind {
            ObservableKind::Sha256 | ObservableKind::Sha1 | ObservableKind::Md5 => Some(Self::Hash),
            ObservableKind::Path | ObservableKind::File => Some(Self::Path),
            ObservableKind::Ip => Some(Self::Ip),
            ObservableKind::Domain => Some(Self::Domain),
            ObservableKind::User => Some(Self::User),
            ObservableKind::Host => Some(Self::Host),
            _ => None,
        }
    }
}

words! {
    /// What a condition on a case may be about.
    About ("condition") {
        /// A person's verdict.
        Verdict = "verdict", "Verdict";
        /// The panel's verdict.
        Machine = "machine", "Machine";
        /// Its status.
        Status = "status", "Status";
        /// Its severity.
        Severity = "severity", "Severity";
    }
}

/// Words that must follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The field that they must stand in.
    pub field: Option<Field>,
    /// What was typed, without prefix and quotes.
    pub text: String,
    /// Its words.
    pub words: Vec<String>,
    /// Whether the last word is a beginning.
    pub prefix: bool,
    /// Whether they must not be there.
    pub excluded: bool,
}

impl Term {
    /// The words as the index has them.
    pub fn indexed(&self) -> Vec<String> {
        let of = |word: &String| self.field.map_or_else(|| word.clone(), |field| field.word(word));
        self.words.iter().map(of).collect()
    }

    /// The same words in another field.
    #[must_use]
    pub fn within(&self, field: Field) -> Self {
        Self { field: Some(field), ..self.clone() }
    }

    /// The bytes of each place in a text where the words stand.
    pub fn places(&self, text: &[terms::Word]) -> Vec<std::ops::Range<usize>> {
        let Some((last, before)) = self.words.split_last() else { return Vec::new() };
        let fits = |window: &&[terms::Word]| {
            let (end, start) = window.split_last().map_or(("", window as &[_]), |(end, start)| (&*end.text, start));
            start.iter().zip(before).all(|(have, want)| have.text == *want)
                && (end == last || (self.prefix && end.starts_with(&**last)))
        };
        let span = |window: &[terms::Word]| window[0].at.start..window[window.len() - 1].at.end;
        text.windows(self.words.len()).filter(fits).map(span).collect()
    }
}

/// A condition on the case, or on the time of the event that is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A word of a closed list.
    Is {
        /// What about.
        about: About,
        /// The word.
        word: &'static str,
        /// Whether it must not be.
        excluded: bool,
    },
    /// An organisation's short name.
    Org {
        /// The name.
        slug: String,
        /// Whether it must not be.
        excluded: bool,
    },
    /// A tag of the case, already checked.
    Tag {
        /// The tag.
        tag: String,
        /// Whether it must not be.
        excluded: bool,
    },
    /// The event happened before.
    Before(i64),
    /// The event happened then or later.
    After(i64),
}

/// What a part of the question means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Words to find.
    Term(Term),
    /// A condition.
    Condition(Condition),
    /// It is left out, for a reason to be told.
    Problem(String),
}

/// A part of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As it was typed.
    pub source: String,
    /// What it means.
    pub meaning: Meaning,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Its parts in order.
    pub parts: Vec<Part>,
}

impl Query {
    /// The words to find, and those that must not be there.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.parts.iter().filter_map(|part| if let Meaning::Term(term) = &part.meaning { Some(term) } else { None })
    }

    /// The words to find.
    pub fn wanted(&self) -> impl Iterator<Item = &Term> {
        self.terms().filter(|term| !term.excluded)
    }

    /// The conditions.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.parts.iter().filter_map(|part| if let Meaning::Condition(it) = &part.meaning { Some(it) } else { None })
    }

    /// What is to be told.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.parts
            .iter()
            .filter_map(|part| if let Meaning::Problem(text) = &part.meaning { Some(&**text) } else { None })
    }

    /// Whether anything is left to look for.
    pub fn asks(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part.meaning, Meaning::Problem(_)))
    }

    /// The question with one part replaced, or without it.
    pub fn with(&self, at: usize, replaced: &str) -> String {
        let own = |(n, part): (usize, &Part)| if n == at { replaced.to_owned() } else { part.source.clone() };
        let all: Vec<_> = self.parts.iter().enumerate().map(own).filter(|part| !part.is_empty()).collect();
        all.join(" ")
    }

    /// Turns organisations that the asker does not have into problems.
    pub fn check_orgs(&mut self, known: &[(i64, String)]) {
        for part in &mut self.parts {
            if let Meaning::Condition(Condition::Org { slug, .. }) = &part.meaning
                && !known.iter().any(|(_, other)| other == slug)
            {
                part.meaning = Meaning::Problem(format!("org: you have no organisation {slug}."));
            }
        }
    }

    /// Of these organisations, those that the question is about.
    pub fn orgs(&self, known: &[(i64, String)]) -> Vec<i64> {
        let asked = |wanted: bool| {
            self.conditions().filter_map(move |condition| match condition {
                Condition::Org { slug, excluded } if *excluded != wanted => Some(slug),
                _ => None,
            })
        };
        let any = asked(true).next().is_some();
        let kept = |slug: &String| (!any || asked(true).any(|it| it == slug)) && !asked(false).any(|it| it == slug);
        known.iter().filter(|(_, slug)| kept(slug)).map(|(id, _)| *id).collect()
    }
}
