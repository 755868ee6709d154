//! Texts without the difference between small letters and capitals.

/// A text in small letters, each with its place in the text.
pub(super) struct Folded {
    chars: Vec<char>,
    /// The byte at which the character begins that a small letter came from.
    from: Vec<usize>,
}

/// A value of so many letters is replaced inside a longer word too.
const LONG: usize = 5;

impl Folded {
    /// A text in small letters.
    pub fn of(text: &str) -> Self {
        let (mut chars, mut from) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, c) in text.char_indices() {
            for small in c.to_lowercase() {
                chars.push(small);
                from.push(at);
            }
        }
        Self { chars, from }
    }

    /// Its length in small letters.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// The source of a small letter: a character, or nothing for the second small letter of one.
    pub fn source<'a>(&self, text: &'a str, at: usize) -> &'a str {
        let first = at == 0 || self.from[at - 1] != self.from[at];
        let char = text[self.from[at]..].chars().next().filter(|_| first);
        char.map_or("", |c| &text[self.from[at]..self.from[at] + c.len_utf8()])
    }

    /// Whether a value stands at a place; a short one only as a word of its own.
    pub fn holds(&self, at: usize, value: &[char], secret: bool) -> bool {
        if self.chars.get(at..at + value.len()) != Some(value) {
            return false;
        }
        if value.len() >= LONG || secret && value.len() > 3 {
            return true;
        }
        let is_word = |at: Option<usize>| at.and_then(|at| self.chars.get(at)).is_some_and(|c| c.is_alphanumeric());
        !is_word(at.checked_sub(1)) && !is_word(Some(at + value.len()))
    }
}

/// A value in small letters.
pub(super) fn fold(value: &str) -> Vec<char> {
    value.chars().flat_map(char::to_lowercase).collect()
}

/// A value as one of the texts spells it.
pub(super) fn as_in(texts: &[String], value: &str) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    texts.iter().find_map(|text| {
        let at = text.to_ascii_lowercase().find(&lower)?;
        text.get(at..at + lower.len()).map(str::to_owned)
    })
}
