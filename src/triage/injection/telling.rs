//! Puts findings into words for the analyst.
use super::Finding;
use crate::triage::policy::Named;

/// The kind of the flag, and of the veto.
pub const FLAG: &str = "injection_suspected";
const VETO: &str = "injection";
/// The least risk of a case that holds such a text.
pub const RISK: u8 = 60;
/// Findings that are told one by one.
const TOLD: usize = 3;

/// The flag and the veto that findings amount to.
pub fn named(found: &[Finding]) -> Option<(Named, Named)> {
    let first = found.first()?;
    let told: Vec<_> = found.iter().take(TOLD).map(sentence).collect();
    let more = match found.len().saturating_sub(TOLD) {
        0 => String::new(),
        1 => " One more place.".to_owned(),
        more => format!(" {more} more places."),
    };
    let flag = format!("Tries to steer the vote. {}{more}", told.join(" "));
    let veto = format!("A text of the event tries to steer the vote: {}", sentence(first));
    Some(((FLAG, flag), (VETO, veto)))
}

fn sentence(finding: &Finding) -> String {
    let hidden = match finding.layers.as_slice() {
        [] => String::new(),
        layers => format!(", hidden as {}", layers.join(" in ")),
    };
    format!("{} {}{hidden}: \u{201C}{}\u{201D}.", finding.place, finding.technique.label(), finding.excerpt)
}
