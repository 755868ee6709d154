//! What providers' counts are called: engines, attributes, or nothing where a provider speaks for itself.
use super::{abuseipdb, label, lists, misp};
use crate::domain::dossier::Intel;

/// What a provider counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Engines,
    /// Entries about the value, some of them marked for intrusion detection.
    Attributes,
    /// Nothing: it has one opinion.
    Itself,
}

fn counts(intel: &Intel) -> Counts {
    match intel.provider.split(':').next().unwrap_or_default() {
        misp::NAME => Counts::Attributes,
        abuseipdb::NAME | lists::DENY | lists::ALLOW | lists::KNOWN => Counts::Itself,
        _ if intel.engines() == 1 => Counts::Itself,
        _ => Counts::Engines,
    }
}

/// Whether a provider's counts are those of engines.
pub fn are_engines(intel: &Intel) -> bool {
    counts(intel) == Counts::Engines
}

/// The one word of a provider that counts nothing.
const fn word(intel: &Intel) -> &'static str {
    if intel.malicious > 0 {
        "malicious"
    } else if intel.suspicious > 0 {
        "suspicious"
    } else {
        "harmless"
    }
}

/// An answer in few words, for voters and beside what they state.
pub fn brief(intel: &Intel) -> String {
    let (bad, all) = (intel.malicious, intel.engines());
    match counts(intel) {
        Counts::Engines => {
            let doubts = [(intel.suspicious, "suspicious"), (intel.no_answer, "without an answer")];
            let doubts = doubts.into_iter().filter(|(count, _)| *count > 0);
            let doubts: Vec<_> = doubts.map(|(count, word)| format!(", {count} {word}")).collect();
            format!("{bad} of {all} engines malicious{}", doubts.concat())
        }
        Counts::Attributes => format!("{bad} of {all} {} attributes marked for intrusion detection", misp::LABEL),
        Counts::Itself => format!("{} says {}", label(&intel.provider), word(intel)),
    }
}

/// Why an answer argues against calling a value harmless; nothing where it does not.
pub fn charge(intel: &Intel) -> Option<String> {
    let (who, bad, all) = (label(&intel.provider), intel.malicious, intel.engines());
    let text = match (counts(intel), bad > 0) {
        _ if bad + intel.suspicious == 0 => return None,
        (Counts::Engines, true) => format!("{who}: {bad} of {all} engines call it malicious."),
        (Counts::Attributes, true) => format!("{who}: {bad} of {all} attributes are marked for intrusion detection."),
        (Counts::Itself, true) => format!("{who} calls it malicious."),
        (Counts::Attributes, false) => {
            format!("Suspicion. {who} knows it, though nothing there is marked for intrusion detection.")
        }
        (_, false) => format!("Suspicion. {who} calls it suspicious, though not malicious."),
    };
    Some(text)
}

/// An answer as a page says it: the sentence and what follows it.
pub fn sentence(intel: &Intel) -> (String, String) {
    let all = intel.engines();
    match counts(intel) {
        _ if all == 0 => ("The answer holds no counts.".to_owned(), String::new()),
        Counts::Engines => {
            let (found, nothing) = (intel.malicious + intel.suspicious, intel.undetected + intel.harmless);
            let rest = format!("{nothing} found nothing, {} gave no answer.", intel.no_answer);
            (format!("{found} of {all} engines flagged it."), rest)
        }
        Counts::Attributes => {
            (format!("{} of {all} attributes are marked for intrusion detection.", intel.malicious), String::new())
        }
        Counts::Itself => (format!("It is called {}.", word(intel)), String::new()),
    }
}
