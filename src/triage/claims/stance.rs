//! Whether a sentence states something, denies it, or only asks, supposes or reports it.
use super::text::{Sentence, Words};

/// What a sentence does with a word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// It states it.
    Says,
    /// It states the opposite.
    Denies,
    /// It makes no statement about it.
    Nothing,
}

const CONDITIONS: &[&str] = &["if", "unless", "whether", "assuming", "supposing", "provided", "until", "once"];
/// Words that make what follows a possibility, a habit or somebody's pretence.
const MODALS: Words = Words(
    "should would could might may must can cannot can't couldn't shouldn't wouldn't normally usually typically \
    generally often ordinarily possibly perhaps maybe claims claim claimed claiming purports purported \
    purporting pretends pretending masquerades masquerading impersonates impersonating mimics mimicking \
    imitates imitating supposedly allegedly unclear unknown unverified unconfirmed undetermined unable \
    impossible presented disguised unlikely doubtful",
);
/// A sentence that begins so is a request.
const REQUESTS: Words = Words(
    "check verify confirm ensure investigate determine see ask review validate find consider assess examine \
    obtain needs need",
);
const NEGATORS: &[&str] = &[
    "not", "never", "neither", "nor", "without", "lacks", "lack", "lacking", "lacked", "non", "no", "none", "nothing",
    "nobody", "missing", "absence", "absent", "isn't", "wasn't", "aren't", "weren't", "doesn't", "don't", "didn't",
    "hasn't", "haven't", "won't", "fails", "failed",
];
/// What, denied, means that one does not know.
const KNOWING: Words = Words(
    "verify verified confirm confirmed determine determined establish established know knows known say says \
    tell tells evidence indication indications sign signs trace traces proofs proof information clear show \
    shows reveal reveals mention mentions name names state states specify specifies sure certain checked \
    assume assumed data details way prove proves",
);
/// Words that begin a new thought.
const TURNS: Words = Words("but because since however although though while whereas therefore despite yet so");
/// After these, `and` begins a new thought too.
const STARTS: &[&str] = &[
    "the", "it", "its", "both", "this", "that", "these", "they", "is", "are", "was", "were", "has", "have", "runs",
    "carries", "bears", "a", "an", "sits", "lies", "lives", "resides", "comes", "belongs", "shows", "uses", "came",
    "ran", "looks", "there", "its", "in", "from", "lacks", "not", "no",
];

/// What a sentence does with the word at a place.
pub fn of(sentence: &Sentence<'_>, at: usize) -> Stance {
    if supposed(sentence, at) {
        return Stance::Nothing;
    }
    let thought = thought(sentence, at);
    let modal = (thought..at).any(|place| MODALS.contains(&sentence.word(place)));
    let unknown = (thought..at).any(|place| negates(sentence, place) && knowing_after(sentence, place, at));
    if modal || unknown {
        return Stance::Nothing;
    }
    let clause = (thought..at).rev().find(|place| sentence.tokens[*place].breaks).map_or(thought, |place| place + 1);
    let near = clause.max(at.saturating_sub(6));
    let no = (near..at).filter(|place| negates(sentence, *place)).count();
    let neither = (thought..at).any(|place| sentence.word(place) == "neither");
    if no % 2 == 1 || neither { Stance::Denies } else { Stance::Says }
}

/// Whether a sentence asks, wishes or supposes what stands at a place, whatever its words.
pub fn supposed(sentence: &Sentence<'_>, at: usize) -> bool {
    let wish = REQUESTS.contains(&sentence.word(0)) || matches!(sentence.word(0), "had" | "were" | "should");
    let would = (at + 1..sentence.tokens.len()).take_while(|place| !TURNS.contains(&sentence.word(*place)));
    let would = would.take_while(|place| !sentence.broken(at, *place)).any(|place| sentence.word(place) == "would");
    sentence.question || wish || would || conditional(sentence, at)
}

/// Whether a sentence has a condition for what stands at a place.
fn conditional(sentence: &Sentence<'_>, at: usize) -> bool {
    let condition = |place: &usize| CONDITIONS.contains(&sentence.word(*place));
    let later = (at + 1..sentence.tokens.len()).find(condition);
    condition(&0) || (0..at).any(|place| condition(&place)) || later.is_some_and(|later| !sentence.broken(at, later))
}

fn negates(sentence: &Sentence<'_>, place: usize) -> bool {
    NEGATORS.contains(&sentence.word(place))
        && !matches!(sentence.word(place + 1), "only" | "doubt" | "question" | "wonder" | "longer")
}

fn knowing_after(sentence: &Sentence<'_>, place: usize, end: usize) -> bool {
    (place + 1..end.min(place + 4)).any(|next| KNOWING.contains(&sentence.word(next)))
}

/// Where the thought begins that a word belongs to.
pub fn thought(sentence: &Sentence<'_>, at: usize) -> usize {
    let begins = |place: usize| {
        let word = sentence.word(place);
        let after_break = place > 0 && sentence.tokens[place - 1].breaks && matches!(word, "and" | "as" | "which");
        let and = word == "and" && STARTS.contains(&sentence.word(place + 1));
        TURNS.contains(&word) || after_break || and
    };
    (0..=at).rev().find(|place| begins(*place)).map_or(0, |place| if place < at { place + 1 } else { at })
}
