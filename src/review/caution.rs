//! What stands against deciding a case without a closer look, and so by how many steps it is decided.
use super::{Declaration, ReviewError, sight};
use crate::domain::{MachineVerdict, Outcome, Verdict};
use crate::store::cases::Case;
use crate::store::runs::{Flag, RunState};
use crate::store::{Result, Tx};

/// What is said of a case in blind review before it is decided.
const IN_BLIND_REVIEW: &str = "It is in blind review: nobody sees what the panel says before somebody has decided.";

/// How much a verdict asks of the person who gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it agrees with a panel that agrees, and nothing stands against it.
    OneKey,
    /// To see what stands against it, and to say it again.
    Confirm,
    /// To say why.
    Declare,
    /// To say what is missing.
    Missing,
}

/// What stands on the newest runs of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caution {
    /// What argues against deciding at once, in words: flags, then vetoes that say something else.
    pub things: Vec<String>,
    /// What the panel says, the worst of all behaviours.
    pub machine: MachineVerdict,
    /// Whether all of that is about the host.
    pub of_host: bool,
    /// Whether each run was unanimous.
    unanimous: bool,
}

/// What the newest finished run of a behaviour says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    /// How its votes came out.
    pub(super) outcome: Option<Outcome>,
    /// What argues against its verdict.
    pub(super) flags: &'a [Flag],
    /// What keeps the machine from acting alone.
    pub(super) vetoes: &'a [Flag],
}

/// What stands on the newest runs of a case.
///
/// # Errors
/// Where the database refuses.
pub async fn caution(tx: &mut Tx, case: &Case) -> Result<Caution> {
    let newest = sight::newest(tx, case).await?;
    let heard: Vec<_> =
        newest.iter().map(|run| Heard { outcome: run.outcome, flags: &run.flags.0, vetoes: &run.vetoes.0 }).collect();
    Ok(of(case, &heard))
}

/// The same for runs that are read already: the newest finished one of each behaviour.
pub(super) fn of(case: &Case, newest: &[Heard<'_>]) -> Caution {
    let mut things: Vec<String> = Vec::new();
    let mut of_host = true;
    let mut add = |text: &str, about: &str| {
        of_host &= about.starts_with("host");
        if !things.iter().any(|known| known == text) {
            things.push(text.to_owned());
        }
    };
    if sight(case).is_blind() {
        add(IN_BLIND_REVIEW, "");
    } else if matches!(case.triage_state, RunState::Queued | RunState::Running) {
        add("Not all votes are in.", "");
    } else if newest.is_empty() {
        add("No vote is in.", "");
    }
    for run in newest {
        let flags = || run.flags.iter().filter(|flag| flag.kind != "supported");
        flags().for_each(|flag| add(&flag.text, &flag.kind));
        // A veto of the same kind as a flag says the same.
        let own = run.vetoes.iter().filter(|veto| !flags().any(|flag| flag.kind == veto.kind));
        own.for_each(|veto| add(&veto.text, &veto.kind));
    }
    let unanimous = !newest.is_empty() && newest.iter().all(|run| run.outcome == Some(Outcome::Unanimous));
    let of_host = of_host && !things.is_empty();
    Caution { things, machine: case.machine_verdict, of_host, unanimous }
}

impl Caution {
    /// How much a verdict asks for.
    pub fn step(&self, verdict: Verdict) -> Step {
        match (verdict, self.machine) {
            (Verdict::Undetermined | Verdict::Pending, _) => Step::Missing,
            (Verdict::TruePositive, _) | (_, MachineVerdict::NeedsReview | MachineVerdict::TruePositive) => {
                Step::Declare
            }
            (Verdict::FalsePositive, MachineVerdict::FalsePositive) if self.unanimous && self.things.is_empty() => {
                Step::OneKey
            }
            _ => Step::Confirm,
        }
    }

    /// Refuses a declaration from the queue, where the page that holds all of the evidence was not open:
    /// `shown` is how many things the person was shown.
    ///
    /// # Errors
    /// `Invalid` where a step was left out, `Conflict` where more stands against it than was shown.
    pub fn check(&self, declaration: &Declaration, shown: Option<usize>) -> Result<(), ReviewError> {
        let step = self.step(declaration.verdict);
        let count = self.things.len();
        match (step, shown) {
            (Step::Missing, _) if declaration.note.trim().is_empty() => {
                return ReviewError::invalid("note", "Write what is missing.");
            }
            (Step::OneKey | Step::Missing, _) => return Ok(()),
            (_, None) => return ReviewError::invalid("flags", format!("{} Read first, then save.", self.words())),
            (_, Some(shown)) if shown < count => {
                return Err(ReviewError::Conflict(format!(
                    "{} Only {shown} stood there when you decided. Yours was not saved.",
                    self.words()
                )));
            }
            _ => {}
        }
        let split = step == Step::Declare && self.machine == MachineVerdict::NeedsReview;
        if split && declaration.reason.is_empty() {
            return ReviewError::invalid("reason", "Give a reason, because the voters do not agree.");
        }
        Ok(())
    }

    /// How much stands against it, as a sentence.
    pub fn words(&self) -> String {
        match self.things.len() {
            0 => "The vote says something else.".to_owned(),
            1 => "1 thing argues against this.".to_owned(),
            count => format!("{count} things argue against this."),
        }
    }
}
