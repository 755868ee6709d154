//! What a change of an organisation's policy would have done to its newest cases.
use crate::config::Policy;
use crate::domain::Detection;
use crate::limits::PREVIEW_PLAYED;
use crate::store::past::{self, Eligible, Voted};
use crate::store::{Result, Tx};
use crate::triage::gate::{self, Lived, Tried, replay};
use crate::triage::preview::{self, Effect, Past};
use std::collections::BTreeSet;

/// What a change would have done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// What became of the cases.
    pub effect: Effect,
    /// When the oldest of them was opened, in UTC milliseconds; nothing where there are none.
    pub since_ms: Option<i64>,
    /// Cases that nobody can tell of, because a document was removed or is too large.
    pub unknown: usize,
    /// What the gates would have let the machine close of them.
    pub played: Played,
}

/// The same cases played through the gates, with what is known of those before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Played {
    /// Under the policy that holds.
    pub before: Lived,
    /// With the change.
    pub after: Lived,
    /// Eligible cases that were played as evidence and are not counted.
    pub evidence: usize,
    /// When the first of these was eligible.
    pub since_ms: Option<i64>,
}

/// What a change is tried on.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    voted: Vec<Voted>,
    eligible: Vec<Eligible>,
}

/// Reads what a change is tried on: an organisation's newest cases, and what of the past gates rest on.
///
/// # Errors
/// Where the database refuses.
pub async fn gather(tx: &mut Tx, org_id: i64) -> Result<Gathered> {
    let voted = past::voted(tx, org_id).await?;
    Ok(Gathered { voted, eligible: past::eligible(tx, org_id, PREVIEW_PLAYED).await? })
}

impl Gathered {
    /// Tries a policy beside the one that holds. Documents are read here, so this takes its time.
    #[must_use]
    pub fn preview(&self, before: &Policy, after: &Policy) -> Preview {
        let (mut known, mut unknown) = (Vec::new(), 0);
        for case in self.voted.chunk_by(|left, right| left.case_number == right.case_number) {
            match case.iter().map(read).collect::<Option<Vec<_>>>() {
                Some(runs) => known.extend(runs),
                None => unknown += 1,
            }
        }
        let effect = preview::effect(&known, before.vetoes(), after.vetoes());
        let counted = known.iter().map(|run| run.case).collect();
        let played = self.played(&counted, &effect.vetoed, [before, after]);
        Preview { effect, since_ms: self.voted.last().map(|oldest| oldest.opened_ms), unknown, played }
    }

    /// What the vetoes of the change keep is neither closed nor evidence with it.
    fn played(&self, counted: &BTreeSet<i64>, vetoed: &[i64], [before, after]: [&Policy; 2]) -> Played {
        let past: Vec<gate::Past> = self.eligible.iter().map(|one| of(one, counted)).collect();
        let kept: BTreeSet<i64> = vetoed.iter().copied().collect();
        let left: Vec<gate::Past> = past.iter().filter(|one| !kept.contains(&one.case)).cloned().collect();
        let lived = |past: &[gate::Past], policy: &Policy| {
            let tried = Tried { limit: policy.limit, reviewed: policy.reviewed(), back_off: true };
            replay(past, &tried, i64::MAX)
        };
        let evidence = || past.iter().filter(|one| !one.counted);
        Played {
            before: lived(&past, before),
            after: lived(&left, after),
            evidence: evidence().count(),
            since_ms: evidence().map(|one| one.at_ms).min(),
        }
    }
}

fn of(one: &Eligible, counted: &BTreeSet<i64>) -> gate::Past {
    gate::Past {
        case: one.case_number,
        scopes: [Some(one.rule_gate), one.family_gate, Some(one.org_gate)].into_iter().flatten().collect(),
        at_ms: one.at_ms,
        verdict: one.verdict,
        declared_ms: one.declared_ms,
        act: one.act.clone(),
        counted: counted.contains(&one.case_number),
    }
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
