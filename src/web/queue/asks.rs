//! What a verdict in the preview asks for: one key, a look at what argues against it, or a reason.
use crate::domain::{MachineVerdict, Verdict};
use crate::review::{Caution, Step};
use crate::web::view::case::{Choice, choices};

/// A verdict of the preview.
pub(super) struct Ask {
    /// The verdict, its key, shape and reasons.
    pub(super) choice: Choice,
    /// How much it asks for.
    pub(super) step: Step,
    /// The question above its form.
    pub(super) question: String,
    /// What stands on its button while it is the one thing to press.
    pub(super) save: &'static str,
}

impl Ask {
    /// Whether one press is enough.
    pub(super) fn at_once(&self) -> bool {
        self.step == Step::OneKey
    }

    /// Whether it wants a reason.
    pub(super) fn why(&self) -> bool {
        self.step == Step::Declare
    }

    /// Whether it wants to hear what is missing, and keeps the case open.
    pub(super) fn missing(&self) -> bool {
        self.step == Step::Missing
    }

    /// Whether it closes the case unless somebody says otherwise. A true positive needs work first.
    pub(super) fn closes(&self) -> bool {
        !self.missing() && self.choice.value != Verdict::TruePositive.as_str()
    }
}

/// What each verdict asks for.
pub(super) fn asks(caution: &Caution) -> Vec<Ask> {
    let all = [Verdict::FalsePositive, Verdict::BenignTruePositive, Verdict::TruePositive, Verdict::Undetermined];
    let of = |(verdict, choice): (Verdict, Choice)| {
        let step = caution.step(verdict);
        let question = question(caution, verdict, step);
        let save = if step == Step::Confirm { "Close" } else { "Save declaration" };
        Ask { choice, step, question, save }
    };
    all.into_iter().zip(choices(Verdict::Pending)).map(of).collect()
}

fn question(caution: &Caution, verdict: Verdict, step: Step) -> String {
    let word = verdict.label().to_lowercase();
    match (step, verdict, caution.machine) {
        (Step::OneKey, ..) => String::new(),
        (Step::Missing, ..) => "What is missing? The case stays open.".to_owned(),
        (Step::Confirm, ..) => format!("{} Close as {word}?", caution.words()),
        (Step::Declare, Verdict::TruePositive, _) => "Why is it a true positive?".to_owned(),
        (Step::Declare, _, MachineVerdict::NeedsReview) => {
            format!("The voters do not agree. What in the evidence makes it {word}?")
        }
        (Step::Declare, ..) => "Write why you disagree with the vote.".to_owned(),
    }
}
