//! Whether a case is of the population that would be closed, which is the one that is measured.
use crate::domain::MachineVerdict;
use crate::triage::policy;

/// What the newest run of a behaviour said, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard<'a> {
    /// The behaviour.
    pub fingerprint: &'a str,
    /// The rule of the detection that stood for it.
    pub rule_id: i64,
    /// Its verdict.
    pub verdict: MachineVerdict,
    /// What the vote would allow the machine to do.
    pub auto_action: Option<&'a str>,
    /// What keeps the machine from acting alone, in words.
    pub vetoes: Vec<&'a str>,
    /// Whether it took place elsewhere.
    pub recorded: bool,
    /// Who voted, as [`super::panel`] tells it; nothing where somebody is missing.
    pub panel: Option<&'a str>,
}

/// Why a case is not eligible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ineligible {
    /// Votes are still to come; nothing can be said yet.
    Waits,
    /// There is an answer, and it is no; why, in words.
    No(String),
}

impl Ineligible {
    /// Why, in words.
    pub fn words(&self) -> &str {
        match self {
            Self::Waits => "Not all of its behaviours were voted on yet.",
            Self::No(why) => why,
        }
    }
}

fn no<T>(why: impl Into<String>) -> Result<T, Ineligible> {
    Err(Ineligible::No(why.into()))
}

/// Whether a case is eligible: the newest run of every behaviour could be closed, each by the same panel, and all of its
/// detections carry one rule. `behaviours` is what the case holds, `under_way` whether a run waits or votes.
///
/// # Errors
/// Why it is not.
pub fn eligible(heard: &[Heard<'_>], behaviours: &[String], under_way: bool) -> Result<(), Ineligible> {
    let missing = |known: &String| !heard.iter().any(|one| one.fingerprint == known);
    if under_way || heard.is_empty() || behaviours.iter().any(missing) {
        return Err(Ineligible::Waits);
    }
    if heard.iter().any(|one| one.recorded) {
        return no("The vote took place elsewhere and is only recorded here.");
    }
    if let Some(worse) = heard.iter().find(|one| one.verdict != MachineVerdict::FalsePositive) {
        return no(format!("The vote says {}.", worse.verdict.label().to_lowercase()));
    }
    if let Some(against) = heard.iter().find_map(|one| one.vetoes.first()) {
        return no(*against);
    }
    let closable = |one: &Heard<'_>| policy::closable_by(one.auto_action, one.vetoes.len());
    if !heard.iter().all(closable) {
        return no("The vote is not unanimous, or was given by one voter alone.");
    }
    if heard.iter().any(|one| one.rule_id != heard[0].rule_id) {
        return no("Its detections carry several rules.");
    }
    match heard[0].panel {
        None => no("A voter of the panel is missing."),
        Some(panel) if heard.iter().any(|one| one.panel != Some(panel)) => {
            no("Its behaviours were voted on by different panels.")
        }
        Some(_) => Ok(()),
    }
}
