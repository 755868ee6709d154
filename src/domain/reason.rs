//! Why a person decided so: the codes that each verdict may carry.
use super::Verdict;

/// A reason's code and its words on pages.
pub type Reason = (&'static str, &'static str);

const FALSE_POSITIVE: &[Reason] = &[
    ("rule_too_broad", "Rule too broad"),
    ("known_application", "Known application"),
    ("bad_intel", "Bad intelligence"),
    ("wrong_field_or_parser", "Wrong field or parser"),
    ("other", "Other"),
];
const BENIGN_TRUE_POSITIVE: &[Reason] = &[
    ("expected_admin_activity", "Expected admin activity"),
    ("authorised_user_confirmed", "Confirmed by an authorised user"),
    ("security_test", "Security test"),
    ("line_of_business_app", "Line of business application"),
    ("policy_exception", "Policy exception"),
];
const TRUE_POSITIVE: &[Reason] = &[
    ("malware", "Malware"),
    ("compromised_account", "Compromised account"),
    ("malicious_user", "Malicious user"),
    ("phishing", "Phishing"),
    ("policy_violation", "Policy violation"),
    ("unwanted_software", "Unwanted software"),
    ("multi_stage", "Multi-stage attack"),
];
/// The code of a case that is closed because another one answers its question.
pub const DUPLICATE: &str = "duplicate";
/// Reasons to close a case without deciding it.
const UNDECIDED: &[Reason] =
    &[(DUPLICATE, "Duplicate"), ("merged", "Merged"), ("insufficient_information", "Insufficient information")];

/// The reasons that fit a verdict; for `pending` and `undetermined`, those for closing without one.
pub const fn of(verdict: Verdict) -> &'static [Reason] {
    match verdict {
        Verdict::FalsePositive => FALSE_POSITIVE,
        Verdict::BenignTruePositive => BENIGN_TRUE_POSITIVE,
        Verdict::TruePositive => TRUE_POSITIVE,
        Verdict::Pending | Verdict::Undetermined => UNDECIDED,
    }
}

/// The words of a code, or the code itself where it is not one of ours.
pub fn label(code: &str) -> &str {
    [FALSE_POSITIVE, BENIGN_TRUE_POSITIVE, TRUE_POSITIVE, UNDECIDED]
        .into_iter()
        .flatten()
        .find(|(known, _)| *known == code)
        .map_or(code, |(_, label)| label)
}
