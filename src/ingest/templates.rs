//! Templates of tasks that a case is opened with.
use super::accept::Facts;
use super::gathered::Gathered;
use crate::domain::template::Subject;
use crate::domain::{MachineVerdict, Verdict};
use crate::review::{self, ReviewError};
use crate::store::{Actor, Result, Tx, cases};

/// Applies to a case that was just opened the templates that fit it and are applied by themselves.
pub(super) async fn apply(tx: &mut Tx, gathered: &mut Gathered, facts: &Facts<'_>, case: i64) -> Result<()> {
    let templates = gathered.templates(tx, facts.delivery.org_id).await?;
    if templates.is_empty() {
        return Ok(());
    }
    let detection = facts.delivery.detection;
    let subject = Subject {
        rule: &detection.rule.path,
        techniques: &detection.techniques(),
        severity: detection.rule_severity(),
        verdict: Verdict::Pending,
        machine: MachineVerdict::None,
    };
    // Entries of one millisecond stand in the order in which they are written, and the opening is written last.
    let now_ms = facts.delivery.received_ms + 1;
    for template in templates.iter().filter(|one| one.fits.fits(&one.value, &subject)) {
        let opened = cases::by_number(tx, case).await?;
        let done = review::apply_template(tx, &Actor::system(), &opened, template, now_ms).await;
        // A case with as many tasks as one may have takes no more, and is opened all the same.
        if let Err(ReviewError::Store(error)) = done {
            return Err(error);
        }
    }
    Ok(())
}
