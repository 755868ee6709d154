//! What a change of policy would have done to cases of the past: which of them the vote would have let be closed.
//!
//! A case counts where each of its behaviours' newest runs allowed closing and nothing stood against it. Of what stood
//! against it, the vetoes of severity, tags and rules are asked anew under each policy; the others stay as they were found.
use super::policy::{Settings, alarming_tags, is_never_closed};
use crate::domain::{Severity, Verdict};

/// Vetoes that depend on the policy.
const OF_POLICY: [&str; 3] = ["severity", "host_tags", "rule"];

/// A run of a case of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The case.
    pub case: i64,
    /// What an analyst declared, or `Pending`.
    pub verdict: Verdict,
    /// Whether the vote allowed closing.
    pub allowed: bool,
    /// The severity that it came to, or the rule's own where that is higher.
    pub severity: Severity,
    /// The host's tags then.
    pub tags: Vec<String>,
    /// The rule's path.
    pub rule: String,
    /// The kinds of what stood against it.
    pub vetoes: Vec<String>,
}

/// How cases were declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Declared {
    /// False positive.
    pub false_positive: usize,
    /// Benign true positive.
    pub benign_true_positive: usize,
    /// True positive.
    pub true_positive: usize,
    /// Undetermined.
    pub undetermined: usize,
    /// Not yet.
    pub pending: usize,
}

impl Declared {
    /// All of them.
    pub const fn total(self) -> usize {
        self.false_positive + self.benign_true_positive + self.true_positive + self.undetermined + self.pending
    }

    const fn count(&mut self, verdict: Verdict) {
        let field = match verdict {
            Verdict::FalsePositive => &mut self.false_positive,
            Verdict::BenignTruePositive => &mut self.benign_true_positive,
            Verdict::TruePositive => &mut self.true_positive,
            Verdict::Undetermined => &mut self.undetermined,
            Verdict::Pending => &mut self.pending,
        };
        *field += 1;
    }
}

/// What a change would have done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// Cases with a finished vote.
    pub cases: usize,
    /// Those that could have been closed under the policy that holds.
    pub before: Declared,
    /// The same with the change.
    pub after: Declared,
    /// Those that only the change lets be closed.
    pub more: Declared,
    /// Those that the change keeps for a person.
    pub fewer: Declared,
    /// The true positives among `more`.
    pub missed: Vec<i64>,
    /// Cases against which only the vetoes of the change speak.
    pub vetoed: Vec<i64>,
}

/// Compares two policies over cases of the past; runs of one case stand beside each other.
#[must_use]
pub fn effect(past: &[Past], before: Settings<'_>, after: Settings<'_>) -> Effect {
    let mut effect = Effect::default();
    for case in past.chunk_by(|left, right| left.case == right.case) {
        let Some(first) = case.first() else { continue };
        let (was, becomes) = (closable(case, before), closable(case, after));
        effect.cases += 1;
        for (holds, tally) in [
            (was, &mut effect.before),
            (becomes, &mut effect.after),
            (becomes && !was, &mut effect.more),
            (was && !becomes, &mut effect.fewer),
        ] {
            if holds {
                tally.count(first.verdict);
            }
        }
        if becomes && !was && first.verdict == Verdict::TruePositive {
            effect.missed.push(first.case);
        }
        if vetoed(case, after) && !vetoed(case, before) {
            effect.vetoed.push(first.case);
        }
    }
    effect
}

fn closable(runs: &[Past], settings: Settings<'_>) -> bool {
    let stays = |run: &Past| run.vetoes.iter().any(|kind| !OF_POLICY.contains(&kind.as_str()));
    !vetoed(runs, settings) && runs.iter().all(|run| run.allowed && !stays(run))
}

fn vetoed(runs: &[Past], settings: Settings<'_>) -> bool {
    runs.iter().any(|run| {
        run.severity >= settings.severity
            || !alarming_tags(&run.tags, settings.tags).is_empty()
            || is_never_closed(&run.rule, settings.rules)
    })
}
