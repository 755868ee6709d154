//! What of a case follows from what it holds is made to follow again, after something was taken out or put back.
use crate::domain::{Detection, Severity};
use crate::jobs::triage::refresh_case;
use crate::store::{Result, Tx, cases, gates, measured, merges};

/// Detections that are read at once, and in all, to find a severity that no rule states.
const PAGE: i64 = 100;
const MOST: i64 = 20_000;

/// Whether a severity follows from detections and votes, and is not a person's word.
pub(super) fn is_derived(by: &str) -> bool {
    matches!(by, "rule" | "panel")
}

/// Makes behaviours, what is lent, counters, severity, panel's verdict and measured figures of a case again. Of a
/// case that nothing was taken from or given to, it changes nothing.
pub(super) async fn settle(tx: &mut Tx, number: i64) -> Result<()> {
    merges::rebuild(tx, number).await?;
    let (severity, by) = cases::own_severity(tx, number).await?;
    let levels = merges::levels(tx, number).await?;
    let mut own = (severity, by.as_str());
    if is_derived(&by) {
        let (highest, all_read) = stated(tx, number, &levels).await?;
        // What a document that is gone stated can't be known: it may be what made the case as severe as it is.
        if all_read || highest > severity {
            own = (highest, "rule");
        }
    }
    cases::set_severities(tx, number, own, levels.into_iter().max().flatten()).await?;
    refresh_case(tx, number).await?;
    if let Some((severity, by)) = cases::severities_of_parts(tx, number).await?.into_iter().next() {
        raise(tx, number, severity, &by).await?;
    }
    // Whether it is eligible as it is now, its next run says.
    gates::not_eligible(tx, number, "It was merged or split since it was voted on.").await?;
    measured::refresh(tx, number).await
}

/// Raises a severity to the one that a person set on a case which is part of this one.
pub(super) async fn raise(tx: &mut Tx, number: i64, severity: Severity, by: &str) -> Result<()> {
    if severity > cases::by_number(tx, number).await?.severity {
        cases::raise(tx, number, severity, by).await?;
        refresh_case(tx, number).await?;
    }
    Ok(())
}

/// The highest severity that the detections of a case state, and whether every document that had to be read is there.
async fn stated(tx: &mut Tx, number: i64, levels: &[Option<Severity>]) -> Result<(Severity, bool)> {
    let mut highest = levels.iter().copied().flatten().max();
    let (mut after, mut read, mut all_read) = (0, 0, true);
    while levels.contains(&None) && highest != Some(Severity::Critical) && read < MOST {
        let page = merges::unlevelled(tx, number, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        read += PAGE;
        all_read &= page.iter().all(|(_, raw)| !raw.is_empty());
        let documents = page.iter().filter_map(|(_, raw)| serde_json::from_str(raw).ok());
        let severities = documents.filter_map(|document| Some(Detection::read(&document).ok()?.rule_severity()));
        highest = highest.max(severities.max());
    }
    Ok((highest.unwrap_or(Severity::Medium), all_read))
}
