//! Templates of tasks: what they fit, and when they are applied by themselves.
use super::words::words;
use super::{MachineVerdict, Severity, Verdict};

words! {
    /// What a template fits.
    Fits ("fits") {
        /// Cases of a rule, by its path.
        Rule = "rule", "Rule";
        /// Cases with an ATT&CK technique or one of its sub-techniques.
        Technique = "technique", "Technique";
        /// Cases of a severity.
        Severity = "severity", "Severity";
        /// Cases that are, or look like, a true positive.
        TruePositive = "true_positive", "Any true positive";
    }
}

/// What of a case decides which templates fit it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its rule's path.
    pub rule: &'a str,
    /// Its techniques.
    pub techniques: &'a [String],
    /// Its severity.
    pub severity: Severity,
    /// What a person decided.
    pub verdict: Verdict,
    /// What the panel says.
    pub machine: MachineVerdict,
}

impl Fits {
    /// Whether a template with this value fits a case.
    pub fn fits(self, value: &str, case: &Subject<'_>) -> bool {
        match self {
            Self::Rule => case.rule == value,
            Self::Technique => case.techniques.iter().any(|one| within(one, value)),
            Self::Severity => case.severity.as_str() == value,
            Self::TruePositive => {
                case.verdict == Verdict::TruePositive
                    || (!case.verdict.decided() && case.machine == MachineVerdict::TruePositive)
            }
        }
    }
}

/// Whether a technique is another one or one of its sub-techniques.
fn within(technique: &str, of: &str) -> bool {
    technique.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
