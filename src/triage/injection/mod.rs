//! Finds texts in a detection that try to steer a model: before anybody is asked, by code, in linear time.
//!
//! `places` walks every text and every name, `known` passes by what was clean before, `fold` undoes
//! look-alikes and what can't be seen, `decode` reads what is encoded, two levels deep, `literals`,
//! `pairs` and `foreign` hold what to look for, `matching` weighs what was found, `tricks` finds what
//! needs no words, and `telling` puts it into words for the analyst. A finding
//! never drops an event: it takes the right to act alone from the machine and tells the analyst.
pub(in crate::triage) mod decode;
mod fold;
mod foreign;
mod known;
mod literals;
mod matching;
mod pairs;
mod places;
mod telling;
mod tricks;

pub use telling::{FLAG, RISK, named};

use crate::domain::{Detection, Dossier, words};

words! {
    /// How a text tries to steer.
    Technique ("technique") {
        /// Control tokens and role tags of chat templates, forged turns and thoughts.
        Tokens = "tokens", "holds control tokens of a chat model";
        /// Tells the reader to ignore its instructions.
        Override = "override", "tells the reader to ignore its instructions";
        /// Dictates a verdict, a severity or the end of the case.
        Steering = "steering", "dictates what the verdict should be";
        /// Looks like a voter's answer or like our own facts.
        Answer = "answer", "looks like a finished answer or like facts of ours";
        /// Speaks for an analyst or another authority.
        Authority = "authority", "speaks in the name of an analyst or an approval";
        /// Speaks to a model.
        Addressed = "addressed", "speaks to a model";
        /// Asks for the prompt.
        Leak = "leak", "asks for the prompt";
        /// Pretends that the data end here.
        Breakout = "breakout", "pretends that the recorded data end there";
        /// Characters that can't be seen or that turn the text around.
        Invisible = "invisible", "hides characters that can't be seen";
        /// Floods a reader that has little room.
        Flood = "flood", "is blown up so that a reader loses the rest";
        /// Markup that would load or run something where it is shown.
        Markup = "markup", "holds markup that would load or run something";
        /// Names files for a program that would read them in.
        Files = "files", "names files that a command-line model would read in";
        /// More text than is searched.
        Unread = "unread", "is longer than what is searched";
    }
}

/// A text that tries to steer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where it stands, such as `event/PARENT/COMMAND_LINE`, made visible.
    pub place: String,
    /// How it tries.
    pub technique: Technique,
    /// How it was hidden, outermost first, such as `Base64`.
    pub layers: Vec<&'static str>,
    /// The part that was found, decoded, made visible, at most 120 characters.
    pub excerpt: String,
}

/// Findings of one detection.
const MOST: usize = 20;
/// Bytes of text that are searched as they stand, and in decoded form.
const PLAIN_BYTES: usize = 512 * 1024;
const DECODED_BYTES: usize = 1024 * 1024;
/// Of one text, its start and its end.
const TEXT_BYTES: usize = 128 * 1024;
/// How many encodings inside each other are undone.
const DEPTH: usize = 2;
/// Characters of an excerpt.
const EXCERPT: usize = 120;

/// What is still to be spent on one detection.
struct Budget {
    plain: usize,
    decoded: usize,
    /// Whether something was left unread for want of it.
    is_spent: bool,
    /// What was found, also where it is told already.
    hits: usize,
}

impl Budget {
    const WHOLE: Self = Self { plain: PLAIN_BYTES, decoded: DECODED_BYTES, is_spent: false, hits: 0 };
}

/// Everything in a detection that tries to steer, in the document's order, at most 20.
pub fn scan(detection: &Detection) -> Vec<Finding> {
    let (mut budget, mut found) = (Budget::WHOLE, Vec::new());
    places::each(detection, &mut |place| read(place, &mut budget, &mut found));
    found.truncate(MOST);
    found
}

/// The same in the detection and in the lines of its evidence.
pub fn of(dossier: &Dossier) -> Vec<Finding> {
    let mut found = scan(&dossier.detection);
    let mut budget = Budget::WHOLE;
    places::each_line(dossier, &mut |place| read(place, &mut budget, &mut found));
    found.truncate(MOST);
    found
}

/// Searches one text; `true` where more may be found.
fn read(place: &places::Place<'_>, budget: &mut Budget, found: &mut Vec<Finding>) -> bool {
    let (start, end) = ends(place.text, budget.plain.min(TEXT_BYTES));
    if start.len() + end.len() < place.text.len() {
        found.push(finding(place, Technique::Unread, &[], start));
    }
    budget.plain = budget.plain.saturating_sub(start.len() + end.len());
    for part in [start, end].into_iter().filter(|part| !known::is_clean(part, place.ours)) {
        let before = budget.hits;
        search(place, part, &mut Vec::new(), budget, found);
        if budget.hits == before && !budget.is_spent && found.len() < MOST {
            known::remember(part, place.ours);
        }
    }
    found.len() < MOST
}

/// The whole text, or where it is too long its start and its end.
fn ends(text: &str, room: usize) -> (&str, &str) {
    if text.len() <= room {
        return (text, "");
    }
    let start = &text[..text.floor_char_boundary(room / 2)];
    (start, &text[text.ceil_char_boundary(text.len() - room / 2)..])
}

/// Searches a text, then what it holds in encoded form.
fn search(
    place: &places::Place<'_>,
    text: &str,
    layers: &mut Vec<&'static str>,
    budget: &mut Budget,
    found: &mut Vec<Finding>,
) {
    if text.is_empty() {
        return;
    }
    let folded = fold::fold(text);
    let mut add = |technique, excerpt: &str| {
        budget.hits += 1;
        let new = finding(place, technique, layers, excerpt);
        if !found.iter().any(|other| other.place == new.place && other.technique == technique) {
            found.push(new);
        }
    };
    if layers.is_empty() {
        tricks::find(text, &folded, &mut add);
    }
    if let Some((technique, excerpt)) = matching::find(&folded, place.ours) {
        add(technique, &excerpt);
    }
    if layers.len() >= DEPTH || found.len() >= MOST {
        return;
    }
    decode::each(text, &folded, layers.last().copied(), &mut |layer, decoded| {
        if decoded.len() > budget.decoded || found.len() >= MOST {
            budget.is_spent = true;
            return false;
        }
        budget.decoded -= decoded.len();
        layers.push(layer);
        search(place, &decoded, layers, budget, found);
        layers.pop();
        true
    });
}

fn finding(place: &places::Place<'_>, technique: Technique, layers: &[&'static str], excerpt: &str) -> Finding {
    Finding { place: (place.name)(), technique, layers: layers.to_vec(), excerpt: visible(excerpt, EXCERPT) }
}

/// A text in which everything can be seen: what is no letter, digit, sign or space is written as its number.
fn visible(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut room = most;
    for c in text.trim().chars() {
        let escaped = match c {
            '\n' => "\\n".to_owned(),
            c if fold::is_hidden(c) || c.is_control() => c.escape_unicode().to_string(),
            c => c.to_string(),
        };
        let Some(left) = room.checked_sub(escaped.chars().count()) else { break };
        room = left;
        out.push_str(&escaped);
    }
    out
}
