//! What a change of an organisation's policy would have done to its newest cases.
use crate::config::Policy;
use crate::domain::Detection;
use crate::limits::PREVIEWED;
use crate::store::past::{self, Voted};
use crate::store::{Result, Tx};
use crate::triage::preview::{self, Effect, Past};

/// What a change would have done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// What became of the cases.
    pub effect: Effect,
    /// When the oldest of them was opened, in UTC milliseconds; nothing where there are none.
    pub since_ms: Option<i64>,
    /// Cases that nobody can tell of, because a document was removed.
    pub unknown: usize,
}

/// Tries a policy on an organisation's newest cases beside the one that holds.
///
/// # Errors
/// Where the database refuses.
pub async fn preview(tx: &mut Tx, org_id: i64, before: &Policy, after: &Policy) -> Result<Preview> {
    let voted = past::voted(tx, org_id, PREVIEWED).await?;
    let (mut known, mut unknown) = (Vec::new(), 0);
    for case in voted.chunk_by(|left, right| left.case_number == right.case_number) {
        match case.iter().map(read).collect::<Option<Vec<_>>>() {
            Some(runs) => known.extend(runs),
            None => unknown += 1,
        }
    }
    let effect = preview::effect(&known, before.vetoes(), after.vetoes());
    Ok(Preview { effect, since_ms: voted.last().map(|oldest| oldest.opened_ms), unknown })
}

/// Nothing where what the detection says is not known any more and would matter.
fn read(voted: &Voted) -> Option<Past> {
    let detection = if voted.allowed { Some(document(&voted.raw)?) } else { None };
    let rule = detection.as_ref().map(Detection::rule_severity);
    let path = detection.as_ref().map(|detection| detection.rule.path.clone()).unwrap_or_default();
    let mut tags = detection.map(|detection| detection.tags).unwrap_or_default();
    tags.extend(voted.sensor.iter().flat_map(|facts| facts.0.tags.iter().cloned()));
    Some(Past {
        case: voted.case_number,
        verdict: voted.verdict,
        allowed: voted.allowed,
        severity: rule.map_or(voted.severity, |rule| voted.severity.map(|voted| voted.max(rule)))?,
        tags,
        rule: path,
        vetoes: voted.vetoes.0.iter().map(|veto| veto.kind.clone()).collect(),
    })
}

fn document(raw: &str) -> Option<Detection> {
    let document = serde_json::from_str(raw).ok()?;
    Detection::read(&document).ok()
}
